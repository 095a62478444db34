/**
 * Runs simulations in a thread of their own, where the clock is the model's and nobody else looks at it; what breaks there
 * fails the test. Called by tests; `tell` and `wanted` by the main file of such a thread.
 */

import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';

export type Wanted = { readonly seed: number; readonly count: number };
export type Sums = Readonly<Record<string, number>>;

/** What was counted. @throws what broke, with its seed */
export async function inThread(main: URL, wanted: Wanted): Promise<Sums> {
  const worker = new Worker(main, { workerData: wanted });
  const [sums] = (await once(worker, 'message')) as [Sums];
  await worker.terminate();
  return sums;
}

export const wanted = workerData as Wanted;

export function tell(sums: Sums): void {
  parentPort?.postMessage(sums);
}
