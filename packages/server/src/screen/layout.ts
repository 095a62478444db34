/** Where what stands on the screen. Pure; used by the screen. */

export type Size = { readonly columns: number; readonly rows: number };
export type Rect = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/** Panels begin with a line that names them; one of no height is not there. */
export type Layout = {
  readonly graph: Rect;
  readonly threads: Rect;
  readonly people: Rect;
  readonly moving: Rect;
  readonly log: Rect;
};

/** Lines above the panels, and one below: what the keys do. */
export const headRows = 3;
const footRows = 1;
/** From here on people and what they move stand side by side. */
const wideColumns = 160;
/** Below, only people are shown. */
const lowRows = 14;

export function layoutOf({ columns, rows }: Size): Layout {
  const body = Math.max(0, rows - headRows - footRows);
  const nothing: Rect = { left: 0, top: headRows, width: columns, height: 0 };
  if (rows < lowRows) {
    const people = { ...nothing, height: body };
    return { graph: nothing, threads: nothing, people, moving: nothing, log: nothing };
  }
  const graphHeight = body < 16 ? 0 : share(body, 0.26, 5, 16);
  const logHeight = share(body, 0.2, 3, 14);
  const rest = body - graphHeight - logHeight;
  const threadsWidth = Math.min(share(columns, 0.34, 24, 56), Math.floor(columns / 2));
  const top = headRows;
  const graph = { left: 0, top, width: columns - threadsWidth, height: graphHeight };
  const threads = { left: graph.width, top, width: threadsWidth, height: graphHeight };
  const middle = top + graphHeight;
  const log = { left: 0, top: middle + rest, width: columns, height: logHeight };
  if (columns >= wideColumns) {
    const width = Math.floor(columns / 2);
    const people = { left: 0, top: middle, width, height: rest };
    const moving = { left: width, top: middle, width: columns - width, height: rest };
    return { graph, threads, people, moving, log };
  }
  const movingHeight = share(rest, 0.42, 3, rest - 4);
  const people = { left: 0, top: middle, width: columns, height: rest - movingHeight };
  const moving = { left: 0, top: middle + people.height, width: columns, height: movingHeight };
  return { graph, threads, people, moving, log };
}

function share(whole: number, part: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(whole * part)));
}
