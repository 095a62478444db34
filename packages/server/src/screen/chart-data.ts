/** What the chart of the rates shows: in a unit that keeps its numbers short, the newest sample at the right edge. Pure; used by the screen. */

import { historyLength, type ScreenState } from './state.ts';

export type ChartData = {
  readonly labels: readonly string[];
  readonly down: readonly number[];
  readonly up: readonly number[];
  /** The upper end of the scale. */
  readonly most: number;
};

const units = [
  ['kB/s', 1e3],
  ['MB/s', 1e6],
  ['GB/s', 1e9],
] as const;

/** The largest unit of which the highest rate is one or more; a server at rest is shown in the smallest. */
export function unitFor(peak: number): (typeof units)[number] {
  return units.findLast(([, bytes]) => peak >= bytes) ?? units[0];
}

/** Samples from one time on the chart to the next. */
export const labelEvery = 30;

/** Samples for a chart of this width: no more than it has cells for, and a time at its right edge. */
export function chartSamples(width: number): number {
  return Math.min(historyLength, Math.max(1, Math.floor((width - 10) / labelEvery)) * labelEvery) + 1;
}

export function peakOf({ history: { down, up } }: ScreenState, samples: number): number {
  return Math.max(0, ...down.slice(-samples), ...up.slice(-samples));
}

export function chartDataOf(state: ScreenState, samples: number): ChartData {
  const peak = peakOf(state, samples);
  const [, unit] = unitFor(peak);
  const padded = (history: readonly number[]): readonly number[] => {
    const last = history.slice(-samples).map((rate) => rate / unit);
    return [...Array<number>(samples - last.length).fill(0), ...last];
  };
  return {
    labels: Array.from({ length: samples }, (_, i) => agoText(samples - 1 - i)),
    down: padded(state.history.down),
    up: padded(state.history.up),
    most: Math.max(1, (peak / unit) * 1.15),
  };
}

/** Samples are a second apart. */
function agoText(seconds: number): string {
  return seconds === 0 ? 'now' : seconds % 60 === 0 ? `-${seconds / 60} min` : `-${seconds} s`;
}
