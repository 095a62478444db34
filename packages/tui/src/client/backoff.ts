/**
 * How long to wait before the next attempt to connect. Pure.
 */

import { Code, type FerryError } from '@ferry/protocol';

const firstMs = 500;
const longestMs = 30_000;
/** Where nobody answers, a wait is this part of the time for which there has been no connection. */
const partOfAway = 25;

export type FailedAttempt = {
  /** In a row, from 1. */
  readonly attempt: number;
  /** Since the connection was lost, or wanted for the first time, milliseconds. */
  readonly awayMs: number;
  /** The server has had no work with it: see {@link isUnheard}. */
  readonly unheard: boolean;
};

/**
 * Half a second at first, half a minute at most. A server that answers and does not let us in is asked half as often each
 * time; where nobody answers, who is back after a minute is found within 2.4 s. `random` (0…1) spreads many clients of one
 * server over the second half of each wait.
 */
export function retryDelay({ attempt, awayMs, unheard }: FailedAttempt, random: number): number {
  const fullMs = unheard
    ? Math.max(firstMs, Math.min(longestMs, awayMs / partOfAway))
    : Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(fullMs * (0.5 + random / 2));
}

/** What the system says where no server has heard of an attempt. */
const nobodyThere: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** An attempt that no server has heard of. */
export function isUnheard(error: FerryError): boolean {
  if (error.code !== Code.CONNECT_FAILED && error.code !== Code.TIMEOUT) return false;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && nobodyThere.has(cause.code);
}

/**
 * So long may a session owe an answer and say nothing until another is tried beside it, milliseconds: what the system sends
 * again after a cut it may send very late.
 */
export const silenceMs = 4000;

/** When lanes were last ended because they said nothing, and how long they had been given for it. */
export type LanesEnded = { readonly atMs: number; readonly allowedMs: number };

const lanesRememberMs = 60_000;
const firstLaneSilenceMs = 1000;
const longestLaneSilenceMs = 15_000;

/**
 * How long a lane may owe an answer after its session was silent, milliseconds. A second, as a connection that slept with the net awakes
 * late or never; but what makes a session silent may as well be a machine or a line that is busy, where new lanes would be as late as
 * those that were ended: twice as long after each time, until a minute has gone by without.
 * @param rttMs the lane's last round trip; 0: not known
 */
export function laneSilenceMs(rttMs: number, ended: LanesEnded | undefined, nowMs: number): number {
  const isRecent = ended !== undefined && nowMs - ended.atMs < lanesRememberMs;
  const allowedMs = isRecent ? Math.min(longestLaneSilenceMs, 2 * ended.allowedMs) : firstLaneSilenceMs;
  return Math.max(allowedMs, Math.min(longestLaneSilenceMs, 3 * rttMs));
}
