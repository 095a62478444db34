/**
 * What a transfer asks before bytes go: bandwidth limits, for one job and for all. I/O thread.
 */

import { Code, FerryError } from '@ferry/protocol';

export interface Pace {
  /** Who asks for no more than this at once, bytes, keeps the rate also over short times. Infinite where there is no limit. */
  readonly grain: number;
  /**
   * Nothing when `bytes` (≥ 0) may go now, else a promise that resolves when they may; to false when the limit was lowered
   * meanwhile and they are more than a grain now: nothing is granted then, and less may be asked for. A cancelled call has
   * used nothing up.
   * @throws {FerryError} CANCELLED, always as a rejection
   */
  take(bytes: number, signal: AbortSignal): Promise<boolean> | undefined;
}

/** No limit at all. */
export const unpaced: Pace = { grain: Number.POSITIVE_INFINITY, take: () => undefined };

/** As much of `most` as goes at once; resolves to how much that is, at least 1 of them. @throws {FerryError} CANCELLED */
export async function takeSome(pace: Pace, most: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    const bytes = Math.min(most, pace.grain);
    const wait = pace.take(bytes, signal);
    if (wait === undefined || (await wait)) return bytes;
  }
}

/** For what cannot be cut: resolves when all of it is paid for. @throws {FerryError} CANCELLED */
export async function takeAll(pace: Pace, bytes: number, signal: AbortSignal): Promise<void> {
  for (let left = bytes; left > 0; ) left -= await takeSome(pace, left, signal);
}

/** Calls back after at least so many milliseconds, 0 being the next turn of the event loop. Returns what cancels it. */
export type Timer = (call: () => void, ms: number) => () => void;

export type LimiterOpts = {
  /** Milliseconds; never goes back. */
  readonly now?: () => number;
  readonly timer?: Timer;
};

/** What was not used for a while is forgotten beyond this much, milliseconds. */
const burstMs = 250;

/** Timers of the platform overflow beyond 24 days; a longer wait looks again now and then. */
const longestWaitMs = 3_600_000;

/** What goes in this time is a grain, milliseconds… */
const grainMs = 125;
/** …and less is not worth asking for, bytes. */
const smallestGrain = 1024;

type Waiter = { readonly bytes: number; readonly settle: (isGranted: boolean) => void };

/**
 * A token bucket, first come first served. A request passes as soon as the bucket is not in debt, whatever its size, and the
 * next waits until its bytes are paid for: so one larger than the burst passes too, and the rate holds over any time that is
 * long against one request. Who wants it to hold over short times asks for small pieces.
 *
 * When several wait they pass in rounds, one request each, with a turn of the event loop between two rounds: so who wakes first
 * does not empty the bucket before the others are back, and equal pieces mean equal shares.
 */
export class Limiter implements Pace {
  readonly #now: () => number;
  readonly #timer: Timer;
  /** Who passes next, in order; who comes now waits for the next round. */
  #round = new Set<Waiter>();
  #waiting = new Set<Waiter>();
  #rate: number | undefined;
  /** Bytes that may go; negative while those that went are not paid for. */
  #tokens = 0;
  /** When `#tokens` was right. */
  #at: number;
  /** True when the last round had more than one. */
  #contended = false;
  #cancelTimer: (() => void) | undefined;

  /** `rate`: bytes per second, above 0; undefined for no limit. */
  constructor(
    rate: number | undefined,
    { now = () => performance.now(), timer = nodeTimer }: LimiterOpts = {},
  ) {
    this.#now = now;
    this.#timer = timer;
    this.#rate = checkRate(rate);
    this.#at = now();
  }

  get rate(): number | undefined {
    return this.#rate;
  }

  get grain(): number {
    if (this.#rate === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(smallestGrain, Math.floor((this.#rate * grainMs) / 1000));
  }

  /** Acts at once, also for those who wait. What they still owe for bytes that went at another rate takes no longer than it would have. */
  setRate(rate: number | undefined): void {
    this.#refill();
    const before = this.#rate;
    this.#rate = checkRate(rate);
    if (rate === undefined || before === undefined) this.#tokens = 0;
    else if (this.#tokens < 0) this.#tokens *= Math.min(1, rate / before);
    else this.#tokens = Math.min(this.#tokens, burstOf(rate));
    if (rate !== undefined && before !== undefined && rate < before) this.#sendBackLarge();
    this.#serve();
  }

  take(bytes: number, signal: AbortSignal): Promise<boolean> | undefined {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#rate === undefined) return undefined;
    if (!this.#isAwaited && !this.#contended) {
      this.#refill();
      if (this.#tokens >= 0) {
        this.#tokens -= bytes;
        return undefined;
      }
    }
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#round.delete(waiter);
        this.#waiting.delete(waiter);
        if (!this.#isAwaited) this.#disarm();
        reject(cancelled());
      };
      const waiter: Waiter = {
        bytes,
        settle: (isGranted) => {
          signal.removeEventListener('abort', cancel);
          resolve(isGranted);
        },
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#waiting.add(waiter);
      if (this.#cancelTimer === undefined) this.#arm();
    });
  }

  #sendBackLarge(): void {
    for (const waiters of [this.#round, this.#waiting]) {
      for (const waiter of waiters) {
        if (waiter.bytes <= this.grain) continue;
        waiters.delete(waiter);
        waiter.settle(false);
      }
    }
  }

  #refill(): void {
    const now = this.#now();
    const elapsed = Math.max(0, now - this.#at);
    this.#at = now;
    if (this.#rate !== undefined)
      this.#tokens = Math.min(this.#tokens + (elapsed * this.#rate) / 1000, burstOf(this.#rate));
  }

  get #isAwaited(): boolean {
    return this.#round.size > 0 || this.#waiting.size > 0;
  }

  /** Lets pass what may of one round. */
  #serve(): void {
    this.#disarm();
    this.#refill();
    if (this.#round.size === 0) {
      [this.#round, this.#waiting] = [this.#waiting, this.#round];
      this.#contended = this.#round.size > 1;
    }
    for (const waiter of this.#round) {
      if (this.#tokens < 0) break;
      if (this.#rate !== undefined) this.#tokens -= waiter.bytes;
      this.#round.delete(waiter);
      waiter.settle(true);
    }
    if (this.#isAwaited) this.#arm();
  }

  #arm(): void {
    this.#refill();
    const ms = this.#rate === undefined ? 0 : Math.ceil((-this.#tokens * 1000) / this.#rate);
    this.#cancelTimer = this.#timer(() => this.#serve(), Math.max(0, Math.min(ms, longestWaitMs)));
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/**
 * Takes from each in turn: the narrowest first, then what more share, so that who waits for their own limit holds nothing of the
 * common one. A call that ends between two without a grant has used up what the first gave.
 */
export function combine(...paces: readonly Pace[]): Pace {
  const real = paces.filter((pace) => pace !== unpaced);
  const [only] = real;
  if (only === undefined) return unpaced;
  if (real.length === 1) return only;
  return {
    get grain(): number {
      return Math.min(...real.map(({ grain }) => grain));
    },
    take(bytes, signal) {
      for (const [i, pace] of real.entries()) {
        const wait = pace.take(bytes, signal);
        if (wait !== undefined) return takeRest(wait, real.slice(i + 1), bytes, signal);
      }
      return undefined;
    },
  };
}

async function takeRest(
  first: Promise<boolean>,
  rest: readonly Pace[],
  bytes: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await first)) return false;
  for (const pace of rest) {
    const wait = pace.take(bytes, signal);
    if (wait !== undefined && !(await wait)) return false;
  }
  return true;
}

function burstOf(rate: number): number {
  return (rate * burstMs) / 1000;
}

function checkRate(rate: number | undefined): number | undefined {
  if (rate !== undefined && !(rate > 0 && Number.isFinite(rate)))
    throw new RangeError('a rate is above 0, or undefined');
  return rate;
}

function cancelled(): FerryError {
  return new FerryError(Code.CANCELLED, 'cancelled');
}

export const nodeTimer: Timer = (call, ms) => {
  if (ms === 0) {
    const turn = setImmediate(call);
    return () => clearImmediate(turn);
  }
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
};
