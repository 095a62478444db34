/** A block of a local file in a buffer of the pool, ready to be sent. I/O thread. */

import { Code, FerryError } from '@ferry/protocol';
import { type BlockPool, blockContentAt, blockDigest, blockLength } from '@ferry/protocol/content';
import type { OpenFile } from '@ferry/protocol/disk';

export type ReadBlock = { readonly buffer: Buffer; readonly length: number; readonly digest: Uint8Array };

/** The buffer is the caller's to give back. @throws {FerryError} SOURCE_CHANGED, IO_ERROR, CANCELLED; none is taken then */
export async function readBlock(
  file: OpenFile,
  index: number,
  pool: BlockPool,
  signal: AbortSignal,
): Promise<ReadBlock> {
  const buffer = pool.take() ?? (await takeBuffer(pool, signal));
  try {
    const length = blockLength(file.facts.size, index);
    const content = buffer.subarray(blockContentAt, blockContentAt + length);
    file.read(index, content);
    return { buffer, length, digest: blockDigest(content) };
  } catch (error) {
    pool.give(buffer);
    throw error;
  }
}

/** As soon as there is one. @throws {FerryError} CANCELLED, having taken none */
export async function takeBuffer(pool: BlockPool, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const free = pool.take();
    if (free !== undefined) return free;
    await new Promise<void>((resolve, reject) => {
      const cancel = (): void => {
        stop();
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
      };
      const stop = pool.onFree(() => {
        signal.removeEventListener('abort', cancel);
        resolve();
      });
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }
}
