/**
 * How many requests a connection may make: each moves the time that is paid for by its share of a second, and who is more than
 * a burst ahead of the clock is read from later (a token bucket, as GCRA keeps it in one number). Pure; called by server-channel.ts.
 */

import { limits } from '../limits.ts';

const eachMs = 1000 / limits.requestsPerSecond;
const burstMs = limits.requestBurst * eachMs;

/** The time that is paid for after one request more, milliseconds on the clock of `nowMs`. 0: none was made yet */
export function paidWithOneMore(paidMs: number, nowMs: number): number {
  return Math.max(paidMs, nowMs) + eachMs;
}

/** How long nothing more is to be read, milliseconds; 0 for whoever is within the burst. */
export function restMsFor(paidMs: number, nowMs: number): number {
  return Math.max(0, paidMs - nowMs - burstMs);
}
