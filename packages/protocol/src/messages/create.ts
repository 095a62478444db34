/**
 * create: begins an upload on this lane under a handle that the client picks, so that blocks and commit can follow without
 * waiting for the reply. Nothing shows under the final name before commit. The folder must exist.
 */

import type { Time } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, oneOf, optional, path, time, tuple } from '../wire/shape.ts';
import { identity } from './facts.ts';

/** What commit does when the name is taken: `never` fails with EXISTS, `replace` puts the new file in its place. */
export const Overwrite = { never: 0, replace: 1 } as const;
export type Overwrite = (typeof Overwrite)[keyof typeof Overwrite];

export const transferIdBytes = 16;

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
};

export const create = operation<Create>({
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
  }),
});
