/** A block said as pieces of the version that is there. Called by outgoing.ts; I/O thread. */

import { type BlockHeader, blockContentAt, blockOffset, type Piece } from '@ferry/protocol/content';
import { patch, patchBytes, patchPieces } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { lackedBytes } from './delta.ts';
import { stallMs } from './retry.ts';

/** Whether it is much less to say how a block is put together than to send it. */
export function isPatch(pieces: readonly Piece[] | undefined): pieces is readonly Piece[] {
  return pieces !== undefined && pieces.length <= patchPieces && lackedBytes(pieces) <= patchBytes;
}

/** `buffer` holds the block, as ClientChannel.sendBlock; it is the caller's again at once. @throws {FerryError} as ClientChannel.call */
export async function sendPatch(
  channel: ClientChannel,
  { handle, index, digest }: BlockHeader,
  recipe: readonly Piece[],
  buffer: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const start = blockContentAt - blockOffset(index);
  const content = Buffer.concat(
    recipe.flatMap((piece) =>
      piece.kind === 'bytes'
        ? [buffer.subarray(start + piece.offset, start + piece.offset + piece.length)]
        : [],
    ),
  );
  const pieces = recipe.map((piece) => ({
    from: piece.kind === 'copy' ? piece.from : undefined,
    length: piece.length,
  }));
  await channel.call(patch, { handle, index, digest, pieces, content }, { signal, timeoutMs: stallMs });
}
