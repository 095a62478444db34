/**
 * slice: a part of one block of an upload, for who sends at a pace of their own. It counts for nothing until the last of its
 * block, which has the digest of the whole block: the server then reads the block again and verifies it as one that was sent
 * in one. INTEGRITY: send the block again. Slices of a block that is there already change nothing.
 */

import { digestBytes } from '../content/digest.ts';
import { limits } from '../limits.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, optional, tuple } from '../wire/shape.ts';

export type Slice = {
  readonly handle: number;
  readonly index: number;
  /** Within the block. */
  readonly offset: number;
  readonly content: Uint8Array;
  /** Of the whole block, with the last one. */
  readonly digest: Uint8Array | undefined;
};

export const slice = operation<Slice>({
  kind: Kind.slice,
  request: tuple<Slice>({
    handle: integer(1, 2 ** 32 - 1),
    index: integer(0, limits.fileBlocks - 1),
    offset: integer(0, limits.blockBytes - 1),
    content: bytes(1, limits.sliceBytes),
    digest: optional(bytes(digestBytes, digestBytes)),
  }),
});
