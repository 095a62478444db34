/**
 * How long ago this machine knew all that the servers had agreed on: in memory that the threads share. Who has been cut off for too long
 * cannot know who was sent away meanwhile, and stops serving those with accounts. Written by replica-thread.ts, asked on worker threads.
 */

import { Code, FerryError, limits } from '@ferry/protocol';

export function newFreshnessMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

export class Freshness {
  readonly #ms: BigInt64Array;
  readonly #now: () => number;

  /** @param now milliseconds, the same for all threads, of a clock that nobody sets */
  constructor(memory: SharedArrayBuffer, now: () => number = threadsMs) {
    this.#ms = new BigInt64Array(memory);
    this.#now = now;
  }

  get nowMs(): number {
    return this.#now();
  }

  /** All that was agreed on at that time is known here. */
  is(ms: number): void {
    Atomics.store(this.#ms, 0, BigInt(Math.floor(ms)));
  }

  /** @throws {FerryError} BUSY */
  check(): void {
    if (this.#now() - Number(Atomics.load(this.#ms, 0)) <= limits.cutOffMs) return;
    throw new FerryError(
      Code.BUSY,
      'this server has not heard of the others for so long that it cannot know who may still come in: try again later',
      { retryAfterMs: 5000 },
    );
  }
}

function threadsMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
