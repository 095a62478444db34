/**
 * Whether a worker thread is stuck. One that waits for a slow disk or for its turn on a busy machine is silent too, and ending
 * it would help nobody: only one that works and says nothing is stuck. Main thread.
 */

import { readFileSync } from 'node:fs';
import { limits } from '@ferry/protocol';

/** Clock ticks of the kernel's figures; Linux has had this one for programs since 2.6. */
const tickMs = 10;

/** Pure. @param workedMs processor time since the last heartbeat */
export function isStuck(silentMs: number, workedMs: number): boolean {
  return silentMs > 2 * limits.heartbeatMs && workedMs >= limits.stuckMs;
}

/** Processor time that a thread of this process has had, milliseconds; 0 when it is gone. */
export function workedMsOf(thread: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  } catch {
    return 0;
  }
  // The name in parentheses may hold anything; the figures come behind it: state is the third field, utime the 14th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

export class Pulse {
  readonly #thread: number;
  #beatMs: number;
  #workedMs: number;

  constructor(thread: number, nowMs: number) {
    this.#thread = thread;
    this.#beatMs = nowMs;
    this.#workedMs = workedMsOf(thread);
  }

  beat(nowMs: number): void {
    this.#beatMs = nowMs;
    this.#workedMs = workedMsOf(this.#thread);
  }

  isStuck(nowMs: number): boolean {
    const silentMs = nowMs - this.#beatMs;
    // The kernel is asked only about those that are late.
    if (!isStuck(silentMs, Number.POSITIVE_INFINITY)) return false;
    return isStuck(silentMs, workedMsOf(this.#thread) - this.#workedMs);
  }
}
