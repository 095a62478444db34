/** A block put together from the version that is there and bytes that came along. Called by lane-uploads.ts; worker threads. */

import { Code, FerryError, limits } from '@ferry/protocol';
import type { Patch } from '@ferry/protocol/messages';
import type { ReadHandle } from '../storage/storage.ts';

/**
 * Fills the start of `target`, which has room for a block; gives its length. Whether it is right only its digest says.
 * @throws {FerryError} MALFORMED (pieces that make no block, or lie outside of the base), SOURCE_CHANGED, IO_ERROR
 */
export async function patchedBlock(
  { pieces, content }: Patch,
  base: ReadHandle,
  target: Buffer,
): Promise<number> {
  const { size } = base.facts;
  let length = 0;
  let used = 0;
  for (const piece of pieces) {
    if (length + piece.length > limits.blockBytes) throw malformed();
    if (piece.from === undefined) {
      if (used + piece.length > content.length) throw malformed();
      target.set(content.subarray(used, used + piece.length), length);
      used += piece.length;
      length += piece.length;
      continue;
    }
    if (piece.from + piece.length > size) throw malformed();
    await base.readAt(piece.from, target.subarray(length, length + piece.length));
    length += piece.length;
  }
  if (used !== content.length) throw malformed();
  return length;
}

function malformed(): FerryError {
  return new FerryError(Code.MALFORMED, 'the pieces of a block do not make one');
}
