/**
 * commit: all blocks are there; verify the root digest, publish under the final name, answer when it is durable.
 * Ends the handle, whatever the answer. INTEGRITY, EXISTS, CONFLICT, NO_SPACE, IO_ERROR leave no file.
 */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, tuple } from '../wire/shape.ts';
import { type Committed, committed } from './committed.ts';

export type Commit = { readonly handle: number; readonly rootDigest: Uint8Array };

export const commit = operation<Commit, Committed>({
  kind: Kind.commit,
  request: tuple<Commit>({ handle: integer(1, 2 ** 32 - 1), rootDigest: bytes(32, 32) }),
  reply: committed,
});
