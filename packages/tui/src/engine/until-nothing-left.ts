/** How a ferry without a screen moves what is in the queue: until nothing is left, or until it is not wanted. Called by commands. */

import { setTimeout as rest } from 'node:timers/promises';
import type { JobQueue } from './job-queue.ts';

/** How often it looks whether it is still wanted. */
const lookMs = 250;
/** So many looks in a row at somebody else who moves: then it is not wanted. Others try the lock for a moment only. */
const patience = 10;

/** Resolves when this one is not needed any more, or `signal` is aborted; the caller closes the queue. */
export async function untilNothingLeft(queue: JobQueue, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < patience && !signal.aborted; ) {
    const { isBusy } = queue;
    looks = isBusy === undefined ? looks + 1 : 0;
    if (isBusy === false && (await queue.rest())) return;
    await rest(lookMs, undefined, { signal }).catch(() => {});
  }
}
