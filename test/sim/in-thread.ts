/**
 * Runs simulations in a thread of their own, where the clock is the model's and nobody else looks at it; what breaks there
 * fails the test. Called by tests; `liveAll` and `tell` by the main file of such a thread.
 */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { inWorld, type World, world } from './world.ts';

export type Wanted = { readonly seed: number; readonly count: number };
export type Sums = Readonly<Record<string, number>>;

/** A world takes some milliseconds; one that takes this long turns in circles without any time going by. */
const hungMs = 30_000;

/** What was counted. @throws what broke, with its seed */
export async function inThread(main: URL, { seed, count }: Wanted): Promise<Sums> {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(main, { workerData: { seed, count, done } });
  const stop = new AbortController();
  let seen = -1;
  const watch = setInterval(() => {
    if (seen === done[0]) stop.abort(new Error(`seed ${seed + seen}: turns in circles`));
    seen = done[0] ?? 0;
  }, hungMs);
  try {
    const [sums] = (await once(worker, 'message', { signal: stop.signal })) as [Sums];
    return sums;
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

const { seed, count, done } = (workerData ?? {}) as Wanted & { readonly done: Int32Array };

/** All the worlds of this thread, one after another. @throws what broke first */
export async function liveAll(live: (world: World) => Promise<void>): Promise<void> {
  // They take long to make, and a seed with FERRY_TRACE=1 tells more.
  if (process.env['FERRY_TRACE'] !== '1') Error.stackTraceLimit = 0;
  for (let i = 0; i < count; i++) {
    await inWorld(seed + i, live);
    done[0] = i + 1;
  }
}

export function tell(sums: Sums): void {
  parentPort?.postMessage(sums);
}

// What nobody waited for breaks its world, unless its process is no more.
if (!isMainThread)
  process.on('unhandledRejection', (error) => {
    if (world().current.isAlive) world().fail(error);
  });
