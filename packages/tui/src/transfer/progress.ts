/**
 * How fast something moves, from samples of a counter. Pure; time is a parameter.
 */

/** Rates look back this far, milliseconds: long enough to be calm, short enough to notice a stall. */
const windowMs = 3000;

export type RateSample = { readonly ms: number; readonly bytes: number };

/** Samples of the last few seconds, oldest first, with the new one at the end. */
export function addSample(samples: readonly RateSample[], sample: RateSample): readonly RateSample[] {
  const kept = samples.findIndex(({ ms }) => sample.ms - ms <= windowMs);
  return [...(kept < 0 ? [] : samples.slice(kept)), sample];
}

/** Bytes per second between the oldest and the newest sample; 0 where that says nothing. A counter that fell counts as 0. */
export function rateOf(samples: readonly RateSample[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.ms - first.ms < 100) return 0;
  return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.ms - first.ms));
}
