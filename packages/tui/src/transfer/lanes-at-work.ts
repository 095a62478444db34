/**
 * The lanes that work on one upload. Once everything is there, a lane that stands still would be waited for in vain: what it had, others
 * have sent. Held by outgoing.ts; I/O thread.
 */

import { setTimeout as rest } from 'node:timers/promises';
import { Code, FerryError, limits } from '@ferry/protocol';
import type { Lane } from '../client/lanes.ts';
import { stallMs } from './retry.ts';

/** A lane on which nothing has come for this long, while all was answered that others sent, stands still. Milliseconds. */
const quietMs = 1000;
const lookMs = 100;
/** What a lane that was quiet has for a sign of life, milliseconds: at least, and in round trips. */
const answer = { ms: 5000, trips: 4 } as const;

/** What one lane has on its way. */
export type LaneCalls = {
  readonly lane: Lane;
  readonly out: Set<Promise<void>>;
  readonly fail: (error: unknown) => void;
  /** Passes on the answer to a block, which tells how long the next may take. */
  readonly sent: (answer: Promise<void>) => Promise<void>;
  /** How long the answer to the block that was sent last should take, milliseconds; undefined: nothing is known of the lane. */
  readonly usualMs: () => number | undefined;
  /** The first one. */
  failure: { readonly error: unknown } | undefined;
  /** It waits for the server before it sends anything. */
  isOpening: boolean;
};

export class LanesAtWork {
  readonly #lanes = new Set<LaneCalls>();
  #isEnding = false;

  /** The lane is about to begin. */
  enter(lane: Lane): LaneCalls {
    let tookMs: number | undefined;
    const calls: LaneCalls = {
      lane,
      out: new Set(),
      fail: (error) => {
        calls.failure ??= { error };
        // A line that stands still is of no use to anyone, and who waits to send more would wait for it.
        if (error instanceof FerryError && error.code === Code.TIMEOUT) lane.channel.abort(error);
      },
      sent: async (answer) => {
        const sinceMs = performance.now();
        await answer;
        tookMs = performance.now() - sinceMs;
      },
      usualMs: () => {
        const rate = lane.rate?.();
        const ownMs = rate === undefined ? undefined : (calls.out.size * limits.blockBytes * 1000) / rate;
        // A lane that seldom gets a block through has no rate.
        return ownMs === undefined || tookMs === undefined ? (ownMs ?? tookMs) : Math.max(ownMs, tookMs);
      },
      failure: undefined,
      isOpening: true,
    };
    this.#lanes.add(calls);
    return calls;
  }

  leave(calls: LaneCalls): void {
    this.#lanes.delete(calls);
  }

  /** Looks until nobody waits any more, or `isThere` does not hold any longer. A second call while it looks does nothing. */
  async endStill(isThere: () => boolean): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    while (isThere() && [...this.#lanes].some(isWaiting)) {
      for (const calls of this.#lanes)
        if (isWaiting(calls) && calls.lane.channel.quietMs(performance.now()) > quietMs)
          calls.lane.channel.abort(new FerryError(Code.TIMEOUT, 'the line stood still'));
      await rest(lookMs);
    }
    this.#isEnding = false;
  }
}

/** Asks a lane that was quiet whether it lives, and ends one that says nothing. @throws CANCELLED, through asFerryError */
export async function isAwake(lane: Lane, signal: AbortSignal): Promise<boolean> {
  const { channel } = lane;
  const sinceMs = performance.now();
  if (channel.quietMs(sinceMs) <= quietMs) return channel.ended === undefined;
  channel.ping();
  const mostMs = Math.max(answer.ms, answer.trips * lane.rttMs);
  for (let ms = 0; channel.ended === undefined; ms = performance.now() - sinceMs) {
    if (channel.quietMs(performance.now()) < ms) return true;
    if (ms > mostMs) channel.abort(new FerryError(Code.TIMEOUT, 'the line stood still'));
    else await rest(lookMs / 10, undefined, { signal });
  }
  return false;
}

/** Ends a lane that owes even the answer to a ping for too long, whatever time `call` itself may take. Settles as `call`. */
export async function whileAwake<T>({ channel }: Lane, call: Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    channel.ping();
    if (channel.silentMs(performance.now()) > stallMs)
      channel.abort(new FerryError(Code.TIMEOUT, 'the line stood still'));
  }, quietMs);
  try {
    return await call;
  } finally {
    clearInterval(timer);
  }
}

function isWaiting({ isOpening, out }: LaneCalls): boolean {
  return isOpening || out.size > 0;
}
