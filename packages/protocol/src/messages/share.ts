/**
 * share: lets others have files, or put some into a folder, without an account. listShares and endShare are about one's own; received
 * is what those who came say when a file has arrived.
 */

import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytes, integer, oneOf, optional, path, text, tuple } from '../wire/shape.ts';
import { tokenBytes } from './hello.ts';

export const shareIdBytes = 8;

/** `read`: to look at and download. `drop`: to put new files into one folder, unseen. */
export const ShareKind = { read: 0, drop: 1 } as const;
export type ShareKind = (typeof ShareKind)[keyof typeof ShareKind];

/** Ten years. */
const longestMs = 3650 * 86_400_000;

const id = bytes(shareIdBytes, shareIdBytes);
const kind = oneOf(ShareKind.read, ShareKind.drop);
const downloads = optional(integer(1, limits.shareDownloads));

export type Share = {
  readonly kind: ShareKind;
  /** With `drop` one folder. */
  readonly paths: readonly Path[];
  /** It ends after so long, by the server's clock. */
  readonly forMs: number;
  /** How often each file may be downloaded whole; undefined: as often as anybody likes. */
  readonly downloads: number | undefined;
};

export type Shared = {
  readonly id: Uint8Array;
  /** Goes into the address, before the host. */
  readonly user: string;
  readonly token: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
};

/** NOT_FOUND, NOT_FOLDER (a drop box that is none), LIMIT; FORBIDDEN for what its maker may not share. */
export const share = operation<Share, Shared>({
  kind: Kind.share,
  request: tuple<Share>({
    kind,
    paths: array(path, limits.sharePaths),
    forMs: integer(1, longestMs),
    downloads,
  }),
  reply: tuple<Shared>({ id, user: text(64), token: bytes(tokenBytes, tokenBytes), expiresMs: integer() }),
});

export type ShareRow = {
  readonly id: Uint8Array;
  readonly kind: ShareKind;
  /** Whose it is: foreign text. */
  readonly maker: string;
  /** The first of them; as their maker sees them. */
  readonly paths: readonly Path[];
  /** How many there are. */
  readonly pathCount: number;
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly downloads: number | undefined;
  /** Whole files that arrived, all together. */
  readonly verified: number;
  /** That came in. */
  readonly devices: number;
};

/** Of a share, so many paths are listed. */
export const listedPaths = 8;

/** One's own, the newest first; one part for each. */
export const listShares = operation<Record<never, never>, Record<never, never>, ShareRow>({
  kind: Kind.listShares,
  request: tuple({}),
  part: tuple<ShareRow>({
    id,
    kind,
    maker: text(256),
    paths: array(path, listedPaths),
    pathCount: integer(),
    sinceMs: integer(),
    expiresMs: integer(),
    downloads,
    verified: integer(),
    devices: integer(),
  }),
});

/** Who uses it is out within a second. NOT_FOUND. */
export const endShare = operation<{ id: Uint8Array }>({ kind: Kind.endShare, request: tuple({ id }) });

/** On lanes: these files are here whole and verified. A server that counts downloads counts them. */
export const received = operation<{ paths: readonly Path[] }>({
  kind: Kind.received,
  request: tuple({ paths: array(path, limits.receivedFiles) }),
});
