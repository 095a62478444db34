/** Waiting for a block buffer. Worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';

/** A buffer of the pool as soon as there is one. @throws {FerryError} CANCELLED, having taken none */
export function takeBuffer(pool: BlockPool, signal: AbortSignal): Buffer | Promise<Buffer> {
  const free = pool.take();
  if (free !== undefined) return free;
  return new Promise((resolve, reject) => {
    const stopWaiting = pool.onFree(() => {
      signal.removeEventListener('abort', cancel);
      resolve(pool.takeAnyway());
    });
    const cancel = (): void => {
      stopWaiting();
      reject(new FerryError(Code.CANCELLED, 'cancelled'));
    };
    signal.addEventListener('abort', cancel, { once: true });
  });
}
