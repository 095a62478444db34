/** Whether the server has the content of a large file under another name, for upload.ts. I/O thread. */

import { asFerryError, Code, limits } from '@ferry/protocol';
import { blockDigest, blockLength } from '@ferry/protocol/content';
import type { OpenFile } from '@ferry/protocol/disk';
import { locate } from '@ferry/protocol/messages';
import type { TransferContext } from './context.ts';
import { type Base, worthComparingBytes } from './delta.ts';

/** On a shorter line the bytes are there sooner than they are compared, milliseconds of a round trip. */
const farMs = 2;
/** Everything waits for the answer. Milliseconds. */
const patientMs = 5000;

/**
 * A file of the same size and first block, to take bytes from. One round trip, and none on a short line; undefined when there
 * is nothing, or nobody to ask: it is only about being quick.
 * @throws {FerryError} CANCELLED, SOURCE_CHANGED, IO_ERROR
 */
export async function locateBase(
  file: OpenFile,
  { lanes, signal }: TransferContext,
): Promise<Base | undefined> {
  const { size } = file.facts;
  if (size < worthComparingBytes) return undefined;
  try {
    const lane = await lanes.take(signal);
    try {
      if (lane.rttMs < farMs) return undefined;
      const block = Buffer.allocUnsafe(limits.blockBytes);
      file.read(0, block);
      const firstBlock = blockDigest(block.subarray(0, blockLength(size, 0)));
      const { place } = await lane.channel.call(
        locate,
        { size, firstBlock },
        { signal, timeoutMs: patientMs },
      );
      return place === undefined ? undefined : { ...place, size };
    } finally {
      lane.release();
    }
  } catch (thrown) {
    const error = asFerryError(thrown);
    if (signal.aborted || error.code === Code.SOURCE_CHANGED || error.code === Code.IO_ERROR) throw error;
    return undefined;
  }
}
