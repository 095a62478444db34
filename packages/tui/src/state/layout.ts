/**
 * Where things are on a screen of a given size. Pure; UI thread. The one place that knows how many rows a pane shows.
 */

import type { Side } from '../engine/engine.ts';

export type Size = { readonly columns: number; readonly rows: number };
export type Rect = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/** What the user has made of the screen. */
export type Arrangement = {
  /** How much of the width the left pane has, percent. */
  readonly split: number;
  /** The user's side is left. */
  readonly swapped: boolean;
  /** Only the pane that has the keyboard is shown. */
  readonly zoomed: boolean;
  /** How much panes tell of each entry. */
  readonly columns: Columns;
};

/** `auto` is what the width allows. */
export type Columns = 'auto' | 'brief' | 'full';
export const columnSets: readonly Columns[] = ['auto', 'brief', 'full'];

export const usualArrangement: Arrangement = { split: 50, swapped: false, zoomed: false, columns: 'auto' };

/** Bounds of the split, percent. */
export const splits = { least: 20, most: 80, step: 5 };

export function isArrangement(value: unknown): value is Arrangement {
  if (typeof value !== 'object' || value === null) return false;
  const { split, swapped, zoomed, columns } = value as Partial<Record<keyof Arrangement, unknown>>;
  return (
    typeof split === 'number' &&
    split >= splits.least &&
    split <= splits.most &&
    typeof swapped === 'boolean' &&
    typeof zoomed === 'boolean' &&
    columnSets.some((one) => one === columns)
  );
}

export type Layout = {
  readonly title: Rect;
  /** undefined while only the other one is shown. */
  readonly remote: Rect | undefined;
  readonly local: Rect | undefined;
  readonly queue: Rect;
  /** undefined where there is no room for it. */
  readonly gauge: Rect | undefined;
  readonly graph: Rect | undefined;
  readonly footer: Rect;
};

const gaugeWidth = 18;
const graphWidth = 26;

/** Smaller than this nothing sensible can be drawn. */
export const smallest: Size = { columns: 40, rows: 12 };

/** Below this there is room for one pane only. */
export const columnsForTwo = 64;

/** `shown` is the side whose pane stays where there is room for one; undefined: both stay, however narrow. */
export function layout(
  { columns, rows }: Size,
  { split, swapped, zoomed }: Arrangement = usualArrangement,
  shown: Side | undefined = 'remote',
): Layout {
  const { queue: queueHeight, pane: paneHeight } = heights(rows);
  const queueTop = 1 + paneHeight;
  const withGauge = columns >= 78 && queueHeight >= 5;
  const withGraph = columns >= 100 && queueHeight >= 5;
  const side = (withGauge ? gaugeWidth : 0) + (withGraph ? graphWidth : 0);
  const bottom = { top: queueTop, height: queueHeight };
  const leftWidth = splitColumn(columns, split);
  const pane = { top: 1, height: paneHeight };
  const left = { ...pane, left: 0, width: leftWidth };
  const right = { ...pane, left: leftWidth, width: columns - leftWidth };
  const whole = { ...pane, left: 0, width: columns };
  const single = shown !== undefined && (zoomed || columns < columnsForTwo);
  const [remote, local] = swapped ? [right, left] : [left, right];
  return {
    title: { left: 0, top: 0, width: columns, height: 1 },
    remote: single ? (shown === 'remote' ? whole : undefined) : remote,
    local: single ? (shown === 'local' ? whole : undefined) : local,
    queue: { ...bottom, left: 0, width: columns - side },
    gauge: withGauge ? { ...bottom, left: columns - side, width: gaugeWidth } : undefined,
    graph: withGraph ? { ...bottom, left: columns - graphWidth, width: graphWidth } : undefined,
    footer: { left: 0, top: rows - 1, width: columns, height: 1 },
  };
}

/** Cells of a file that is looked at: all but the title and the footer. */
export function viewerExtent({ columns, rows }: Size): { width: number; height: number } {
  return { width: columns, height: Math.max(1, rows - 2) };
}

/** The first column of the right pane. */
function splitColumn(columns: number, split: number): number {
  return Math.ceil((columns * split) / 100);
}

/** The split that puts the right pane's first column there. */
export function splitAt(column: number, columns: number): number {
  const percent = Math.round((column / Math.max(1, columns)) * 100);
  return Math.min(splits.most, Math.max(splits.least, percent));
}

/** Entries that a pane shows at once: borders and the heading row left out. */
export function paneRows({ rows }: Size): number {
  return Math.max(1, heights(rows).pane - 3);
}

export function queueRows({ rows }: Size): number {
  return Math.max(1, heights(rows).queue - 2);
}

function heights(rows: number): { readonly pane: number; readonly queue: number } {
  const queue = Math.min(14, Math.max(5, Math.floor(rows / 4)));
  return { queue, pane: Math.max(3, rows - 2 - queue) };
}
