/**
 * How fast the bytes of an account may move, over all its connections on all threads: each byte moves the time at which the
 * next one may, and who is ahead of the clock waits. Worker threads.
 */

import type { AccountMemory } from './account-memory.ts';

/** How far ahead of the clock an account may be without waiting, so that short moves are not torn, milliseconds. */
const burstMs = 250n;
/** Longest wait at once: a client that hears nothing for long takes the line for dead. */
const longestMs = 20_000;

export const Way = { down: 0, up: 1 } as const;
export type Way = (typeof Way)[keyof typeof Way];

export class Pace {
  readonly #memory: AccountMemory;
  readonly #now: () => bigint;

  /** @param now nanoseconds, the same clock on all threads */
  constructor(memory: AccountMemory, now: () => bigint = () => process.hrtime.bigint()) {
    this.#memory = memory;
    this.#now = now;
  }

  /** Counts bytes that move; gives how long to wait before more do, milliseconds. */
  charge(account: number, way: Way, bytes: number, rate: number | undefined): number {
    if (rate === undefined) return 0;
    const slot = this.#memory.slotOf(account);
    if (slot === undefined) return 0;
    const { paid } = this.#memory;
    const at = slot * 2 + way;
    const costNs = BigInt(Math.ceil((bytes * 1e9) / rate));
    const nowNs = this.#now();
    for (;;) {
      const before = Atomics.load(paid, at);
      const after = laterOf(before, nowNs) + costNs;
      if (Atomics.compareExchange(paid, at, before, after) !== before) continue;
      const aheadMs = Number((after - nowNs) / 1_000_000n - burstMs);
      return Math.min(longestMs, Math.max(0, aheadMs));
    }
  }
}

function laterOf(a: bigint, b: bigint): bigint {
  const isFirst = a > b;
  return isFirst ? a : b;
}
