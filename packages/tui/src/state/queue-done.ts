/** When the queue has come to its end, and what is told of it then. Pure; UI thread. */

import type { Shown } from '@ferry/protocol';
import type { Queue } from './queue.ts';
import { queueTexts } from './queue-texts.ts';

/** What took less is still under the eyes of who asked for it. Milliseconds. */
const longMs = 10_000;

/** Nothing moves or waits to move; what is paused does neither. */
function isIdle({ counts }: Queue): boolean {
  return counts.waiting + counts.moving === 0;
}

/**
 * The queue after news, with when it became busy, and what is to be told to somebody who is not looking: that all is done, when it
 * took long.
 */
export function withBusy(before: Queue, queue: Queue): readonly [Queue, Shown | undefined] {
  const { busy } = before;
  if (!isIdle(queue)) {
    if (busy !== undefined) return [queue, undefined];
    const running = queue.jobs.filter(({ phase }) => phase === 'waiting' || phase === 'moving');
    const sinceMs = running.reduce(
      (first, { addedMs }) => Math.min(first, addedMs),
      Number.POSITIVE_INFINITY,
    );
    const { done, failed } = before.counts;
    return [{ ...queue, busy: { sinceMs, done, failed } }, undefined];
  }
  const idle = { ...queue, busy: undefined };
  if (busy === undefined) return [idle, undefined];
  const done = Math.max(0, queue.counts.done - busy.done);
  const failed = Math.max(0, queue.counts.failed - busy.failed);
  const lastMs = queue.jobs.reduce((last, { endedMs = 0 }) => Math.max(last, endedMs), 0);
  if (done + failed === 0 || lastMs - busy.sinceMs < longMs) return [idle, undefined];
  return [idle, queueTexts.done(done, failed)];
}
