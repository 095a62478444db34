/** Tells a server that counts downloads which files are here, whole and under their names. I/O thread. */

import { FerryError, type Path } from '@ferry/protocol';
import { received } from '@ferry/protocol/messages';
import type { TransferContext } from './context.ts';

/** Longest wait, milliseconds: the files are here, whoever hears of it. */
const patienceMs = 10_000;

/** At most limits.receivedFiles. A server that cannot be told any more counts them as it does what is never told. */
export async function sayReceived(
  paths: readonly Path[],
  { lanes, signal }: Pick<TransferContext, 'lanes' | 'signal'>,
): Promise<void> {
  if (paths.length === 0 || lanes.countsDownloads?.() !== true) return;
  const opts = { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) };
  try {
    const lane = await lanes.take(opts.signal);
    try {
      await lane.channel.call(received, { paths }, opts);
    } finally {
      lane.release();
    }
  } catch (error) {
    const isAbort = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
    if (!(error instanceof FerryError || isAbort)) throw error;
  }
}
