/** What is said of a folder that is watched, and when. Pure; on I/O threads of both programs, and of a server's watching thread. */

import type { Entry } from '../entry.ts';
import type { FerryError } from '../errors.ts';
import type { Name } from '../path.ts';

export type FolderNews =
  /** Rows as they are by now: new, or different from before; and names that are there no more. At most newsRows together. */
  | { readonly kind: 'changed'; readonly entries: readonly Entry[]; readonly gone: readonly Name[] }
  /** Too much, or nobody knows what: who shows it lists it again. */
  | { readonly kind: 'again' }
  /** The last news: the folder is gone, was moved or cannot be read any more. */
  | { readonly kind: 'over'; readonly error: FerryError };

/** Rows and names of one piece of news; what changes more than that is listed again. */
export const newsRows = 64;

/** How often a folder is read whose file system says nothing, at most, milliseconds. */
export const pollMs = 2000;
/** How often a folder is looked at to see whether it still is where it was, milliseconds. */
export const lookMs = 1000;

const firstDelayMs = 80;
const longestDelayMs = 500;
/** After so long without a change the next one is told as soon as the first. */
const calmMs = 1000;

/**
 * How long changes are gathered before they are told: little where few come, up to half a second while a folder boils.
 * @param lastDelayMs how long it was the last time; undefined: never yet
 * @param sinceMs how long ago that was
 */
export function gatherMs(lastDelayMs: number | undefined, sinceMs: number): number {
  if (lastDelayMs === undefined || sinceMs >= calmMs) return firstDelayMs;
  return Math.min(2 * lastDelayMs, longestDelayMs);
}

/** How long until a folder is read again that took so long: a twentieth of the time at most goes into reading. */
export function nextPollMs(tookMs: number): number {
  return Math.max(pollMs, 19 * tookMs);
}
