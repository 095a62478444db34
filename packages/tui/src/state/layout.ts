/**
 * Where things are on a screen of a given size. Pure; UI thread. The one place that knows how many rows a pane shows.
 */

export type Size = { readonly columns: number; readonly rows: number };
export type Rect = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

export type Layout = {
  readonly title: Rect;
  readonly remote: Rect;
  readonly local: Rect;
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

export function layout({ columns, rows }: Size): Layout {
  const queueHeight = Math.min(14, Math.max(5, Math.floor(rows / 4)));
  const paneHeight = Math.max(3, rows - 2 - queueHeight);
  const leftWidth = Math.ceil(columns / 2);
  const queueTop = 1 + paneHeight;
  const withGauge = columns >= 78 && queueHeight >= 5;
  const withGraph = columns >= 100 && queueHeight >= 5;
  const side = (withGauge ? gaugeWidth : 0) + (withGraph ? graphWidth : 0);
  const bottom = { top: queueTop, height: queueHeight };
  return {
    title: { left: 0, top: 0, width: columns, height: 1 },
    remote: { left: 0, top: 1, width: leftWidth, height: paneHeight },
    local: { left: leftWidth, top: 1, width: columns - leftWidth, height: paneHeight },
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

/** Entries that a pane shows at once: borders and the heading row left out. */
export function paneRows(size: Size): number {
  return Math.max(1, layout(size).remote.height - 3);
}

export function queueRows(size: Size): number {
  return Math.max(1, layout(size).queue.height - 2);
}
