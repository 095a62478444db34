/** When changes of a watched folder are told, and when it is looked at. Pure; watching threads. */

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
