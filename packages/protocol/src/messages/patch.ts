/**
 * patch: a block of an upload, put together from pieces of the version that is there now (the `base` of its create) and bytes
 * that come along, in order. The server verifies the digest of the whole block before it counts, as with a block that was sent.
 * INTEGRITY or SOURCE_CHANGED: send the block itself.
 */

import { digestBytes } from '../content/digest.ts';
import { limits } from '../limits.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytes, integer, optional, tuple } from '../wire/shape.ts';

/** Pieces of one block, and bytes that may come with them. */
export const patchPieces = 256;
export const patchBytes = 32 * 1024;

/** The next `length` bytes: from this offset of the base, or (undefined) the next of those that came along. */
export type PatchPiece = { readonly from: number | undefined; readonly length: number };

export type Patch = {
  readonly handle: number;
  readonly index: number;
  readonly digest: Uint8Array;
  readonly pieces: readonly PatchPiece[];
  readonly content: Uint8Array;
};

export const patch = operation<Patch>({
  kind: Kind.patch,
  request: tuple<Patch>({
    handle: integer(1, 2 ** 32 - 1),
    index: integer(0, limits.fileBlocks - 1),
    digest: bytes(digestBytes, digestBytes),
    pieces: array(
      tuple<PatchPiece>({ from: optional(integer()), length: integer(1, limits.blockBytes) }),
      patchPieces,
    ),
    content: bytes(0, patchBytes),
  }),
});
