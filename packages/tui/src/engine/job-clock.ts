/** How long a job has been moving, pauses left out, and how fast. Time is a parameter. Held by live-job.ts. */

import { addSample, type RateSample, rateOf } from '../transfer/progress.ts';

export class JobClock {
  #samples: readonly RateSample[] = [];
  #movedMs = 0;
  #sinceMs: number | undefined;

  start(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  stop(nowMs: number): void {
    this.#movedMs = this.movingMs(nowMs);
    this.#sinceMs = undefined;
    this.#samples = [];
  }

  sample(nowMs: number, bytes: number): void {
    this.#samples = addSample(this.#samples, { ms: nowMs, bytes });
  }

  /** Bytes per second over the last seconds. */
  get rate(): number {
    return rateOf(this.#samples);
  }

  movingMs(nowMs: number): number {
    return this.#movedMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs);
  }
}
