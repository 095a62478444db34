/** When a dead worker is replaced. Pure. */

export type Restart = { readonly kind: 'wait'; readonly ms: number } | { readonly kind: 'give-up' };

/** Crashes longer ago than this are forgotten, milliseconds. */
export const crashMemoryMs = 60_000;
const crashesToGiveUp = 10;
const firstDelayMs = 100;
const longestDelayMs = 10_000;

/**
 * The first crash in a while costs a tenth of a second; each further one doubles that. A server whose workers die all the time
 * ends, so that whoever started it hears of it.
 * @param crashesMs when workers died, this crash included, on the same clock as `nowMs`
 */
export function restartAfter(crashesMs: readonly number[], nowMs: number): Restart {
  const recent = crashesMs.filter((crashMs) => nowMs - crashMs < crashMemoryMs).length;
  if (recent >= crashesToGiveUp) return { kind: 'give-up' };
  return { kind: 'wait', ms: Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, recent - 1)) };
}
