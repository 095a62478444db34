/**
 * create: begins an upload on this lane under a handle that the client picks, so that blocks and commit can follow without
 * waiting for the reply. Nothing shows under the final name before commit. The folder must exist.
 *
 * A transfer that was interrupted is resumed by its transfer id: the server reads again what it has and tells in parts which
 * blocks are there, with their digests; whoever resumes compares these with its own. Further lanes join it with the same
 * transfer id, each under its own handle, and leave it (discard with `keep`) before one of them commits.
 */

import { digestBytes } from '../content/digest.ts';
import type { Time } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, flag, integer, oneOf, optional, path, time, tuple } from '../wire/shape.ts';
import { type Committed, committed } from './committed.ts';
import { identity } from './facts.ts';

/** What commit does when the name is taken: `never` fails with EXISTS, `replace` puts the new file in its place. */
export const Overwrite = { never: 0, replace: 1 } as const;
export type Overwrite = (typeof Overwrite)[keyof typeof Overwrite];

/**
 * `fresh`: this transfer id was never used. `resume`: it may have been, and may even have been committed. `join`: it is
 * under way on another lane.
 */
export const Begin = { fresh: 0, resume: 1, join: 2 } as const;
export type Begin = (typeof Begin)[keyof typeof Begin];

export const transferIdBytes = 16;
/** Digests in one part of the answer. */
export const haveBlocks = 1024;

export type Create = {
  /** Free on this lane: neither in use nor ever used before on it. */
  readonly handle: number;
  /** Random; names this upload on the server, also across lanes and connections. */
  readonly transferId: Uint8Array;
  readonly path: Path;
  readonly size: number;
  readonly modified: Time;
  readonly mode: number;
  readonly overwrite: Overwrite;
  /** With `replace`: the version that may be replaced; another one there at commit is CONFLICT. undefined: any. */
  readonly expected: string | undefined;
  readonly begin: Begin;
  /** The version of the source, by whatever the client tells versions apart. Without it nothing can be resumed. */
  readonly source: string | undefined;
  /** The version that patches take bytes from; SOURCE_CHANGED when it is not there any more. */
  readonly base: string | undefined;
  /** Where that version is, if not at `path`. */
  readonly basePath: Path | undefined;
  /** The source has holes: runs of zeros need not take up space. */
  readonly sparse: boolean;
};

/** Blocks `first`… are there; `digests` are theirs, 32 bytes each. */
export type Have = { readonly first: number; readonly digests: Uint8Array };

/** With `committed` the transfer was published before; the handle is not open then. */
export type Created = {
  readonly committed: Committed | undefined;
  /** Blocks, from a multiple of it on, that are best sent one after the other over one lane; 1: any on any. A wish, no rule. */
  readonly run: number;
};

export const create = operation<Create, Created, Have>({
  kind: Kind.create,
  request: tuple<Create>({
    handle: integer(1, 2 ** 32 - 1),
    transferId: bytes(transferIdBytes, transferIdBytes),
    path,
    size: integer(0, limits.fileBlocks * limits.blockBytes),
    modified: time,
    mode: integer(0, 0o7777),
    overwrite: oneOf(Overwrite.never, Overwrite.replace),
    expected: optional(identity),
    begin: oneOf(Begin.fresh, Begin.resume, Begin.join),
    source: optional(identity),
    base: optional(identity),
    basePath: optional(path),
    sparse: flag,
  }),
  part: tuple<Have>({
    first: integer(0, limits.fileBlocks - 1),
    digests: bytes(digestBytes, haveBlocks * digestBytes),
  }),
  reply: tuple<Created>({ committed: optional(committed), run: integer(1, limits.runBlocks) }),
});
