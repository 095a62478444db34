/**
 * readSlice: a part of one block, for who asks at a pace of their own: nothing more than what was asked for is on its way, and
 * requests of others go in between. A block that came in slices is verified as a whole: with `digest` wanted the reply has
 * that of the whole block. Errors as read.
 */

import { digestBytes } from '../content/digest.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, flag, integer, optional, path, tuple } from '../wire/shape.ts';
import { identity } from './facts.ts';

export type ReadSlice = {
  readonly path: Path;
  readonly identity: string;
  readonly index: number;
  /** Within the block. */
  readonly offset: number;
  /** As far as the block goes. */
  readonly length: number;
  readonly digest: boolean;
};

export type ReadSliceReply = {
  readonly content: Uint8Array;
  /** Of the whole block, when it was wanted. */
  readonly digest: Uint8Array | undefined;
};

export const readSlice = operation<ReadSlice, ReadSliceReply>({
  kind: Kind.readSlice,
  request: tuple<ReadSlice>({
    path,
    identity,
    index: integer(0, limits.fileBlocks - 1),
    offset: integer(0, limits.blockBytes - 1),
    length: integer(1, limits.sliceBytes),
    digest: flag,
  }),
  reply: tuple<ReadSliceReply>({
    content: bytes(0, limits.sliceBytes),
    digest: optional(bytes(digestBytes, digestBytes)),
  }),
});
