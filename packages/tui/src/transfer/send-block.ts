/** One block of an upload, whole or in slices, as its limits grant it. Called by outgoing.ts and send-in-one.ts; I/O thread. */

import { type BlockHeader, blockContentAt } from '@ferry/protocol/content';
import { slice } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import type { TransferContext } from './context.ts';
import { inSlices } from './in-slices.ts';
import { stallMs } from './retry.ts';

export type BlockToSend = {
  readonly header: BlockHeader;
  /** As ClientChannel.sendBlock. */
  readonly buffer: Buffer;
  /** Called exactly once: the buffer may be used again. */
  readonly sent: () => void;
  /** Bytes of it that may go now. */
  readonly granted: number;
};

/**
 * Resolves when it is on its way; `answered` when the server has verified and written it. What goes in slices is told as it
 * goes, and taken back in the end: the block counts as a whole. What a pause finds under way is cancelled with the gate's `late`.
 * @throws {FerryError} the server's; CANCELLED
 */
export async function sendBlock(
  lane: Lane,
  { header, buffer, sent, granted }: BlockToSend,
  { pace, gate, signal, onBytes }: Pick<TransferContext, 'pace' | 'gate' | 'signal' | 'onBytes'>,
): Promise<{ readonly answered: Promise<void> }> {
  const { channel } = lane;
  const { handle, index, length, digest } = header;
  const opts = { signal: AbortSignal.any([signal, gate.late]), timeoutMs: stallMs };
  if (granted >= length) {
    const answered = channel.sendBlock(buffer, header, sent, opts).then(() => lane.moved(length));
    return { answered };
  }
  let told = 0;
  const takeBack = (): void => onBytes(-told);
  try {
    const { answered } = await inSlices({ length, granted, pace, gate, signal }, async (part) => {
      const at = blockContentAt + part.offset;
      const content = buffer.subarray(at, at + part.length);
      const last = part.isLast ? digest : undefined;
      await channel.call(slice, { handle, index, offset: part.offset, content, digest: last }, opts);
      lane.moved(part.length);
      told += part.length;
      onBytes(part.length);
    });
    return { answered: answered.finally(takeBack) };
  } catch (error) {
    takeBack();
    throw error;
  } finally {
    sent();
  }
}
