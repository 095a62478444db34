/**
 * Removes what a job that was cancelled left to be gone on with, when nobody was moving it by then: here at once, on the server
 * where that can be reached. What is missed goes by age. Called by mover.ts and `ferry queue cancel`; I/O thread.
 */

import { FerryError, joinPath } from '@ferry/protocol';
import { Staging } from '@ferry/protocol/disk';
import { forgetUpload } from '../transfer/forget-upload.ts';
import type { JobOrder } from './job.ts';
import { JobRoot } from './job-root.ts';
import type { JobOrigin } from './live-job-context.ts';
import { orderTag } from './order-tag.ts';
import type { Line } from './servers.ts';
import { lastOf, walkAll } from './walk.ts';

/** Who cannot be reached for this long is left alone, milliseconds. */
const patienceMs = 15_000;

/** Of a download. Nobody may be moving it. */
export function forgetDownload(order: JobOrder): void {
  const root = new JobRoot(order);
  try {
    new Staging(root.open()).discardTagged(orderTag(order));
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
  } finally {
    root.close();
  }
}

/** Of an upload, as far as its source is what it was. Nobody may be moving it. */
export async function forgetUploads(
  order: JobOrder,
  { lanes, remote, owners }: Line,
  origin?: JobOrigin,
): Promise<void> {
  const root = new JobRoot(order);
  const signal = AbortSignal.timeout(patienceMs);
  try {
    for await (const item of walkAll({
      order,
      remote,
      owners,
      origin,
      openRoot: () => root.open(),
      signal,
    })) {
      if (item.kind !== 'file') continue;
      const top = origin === undefined ? lastOf(order.source) : order.source;
      const paths = {
        source: joinPath(top, ...item.below),
        target: joinPath(order.target, ...item.below),
      };
      const spec = origin === undefined ? { root: root.open(), ...paths } : { from: origin, ...paths };
      await forgetUpload(spec, lanes, signal);
    }
  } catch (error) {
    if (!(error instanceof FerryError) && !signal.aborted) throw error;
  } finally {
    root.close();
  }
}
