/** How many lanes a session should have. Pure. */

/**
 * To begin with, by the round trip alone: near by one lane carries all that the processors can, far away a single lost
 * packet halves a connection for many round trips, and only further connections hide that.
 */
export function firstLanes(rttMs: number): number {
  if (rttMs < 2) return 1;
  if (rttMs < 10) return 2;
  return rttMs < 30 ? 4 : 8;
}
