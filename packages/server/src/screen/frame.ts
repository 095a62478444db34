/** All that is drawn at a moment: rows, and the chart over some of them where there is room and colour. Pure; used by the screen. */

import { type ChartData, chartDataOf, chartSamples } from './chart-data.ts';
import { layoutOf, type Rect } from './layout.ts';
import { type RowOpts, screenRows } from './rows.ts';
import type { ScreenState } from './state.ts';

export type Frame = {
  readonly rows: readonly string[];
  readonly chart: { readonly rect: Rect; readonly data: ChartData } | undefined;
};

/** Smaller, a chart's lines say nothing. */
const leastChart = { width: 50, height: 8 } as const;

export function frameOf(state: ScreenState, opts: Omit<RowOpts, 'hasChart'>): Frame {
  const { graph } = layoutOf(state.size);
  const rect: Rect = { ...graph, top: graph.top + 1, height: graph.height - 1 };
  const isLarge = rect.width >= leastChart.width && rect.height >= leastChart.height;
  const hasChart = opts.look.hasColours && isLarge && state.history.down.length > 1;
  return {
    rows: screenRows(state, { ...opts, hasChart }),
    chart: hasChart ? { rect, data: chartDataOf(state, chartSamples(rect.width)) } : undefined,
  };
}
