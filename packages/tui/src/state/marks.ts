/**
 * Which entries of a pane are marked. Marks go by names: they outlive a refresh and hold on to rows that a filter leaves out,
 * but what is done to marked entries is done to those that are shown. Pure; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import { entryAtCursor, headRows, type Pane } from './pane.ts';

const noMarks: ReadonlySet<Name> = new Set();

/** The marked entries that are shown, in order of the rows, or the one under the cursor. */
export function chosen(pane: Pane): readonly Entry[] {
  if (pane.markedRows > 0) return pane.rows.filter(({ name }) => pane.marks.has(name));
  const entry = entryAtCursor(pane);
  return entry === undefined ? [] : [entry];
}

/** Marks or unmarks one of the rows. */
export function withMark(pane: Pane, { name, size }: Entry, on: boolean): Pane {
  if (pane.marks.has(name) === on) return pane;
  const marks = new Set(pane.marks);
  if (on) marks.add(name);
  else marks.delete(name);
  const sign = on ? 1 : -1;
  return {
    ...pane,
    marks,
    markedRows: pane.markedRows + sign,
    markedBytes: pane.markedBytes + sign * size,
  };
}

/** Marks exactly these of the rows; what is not shown keeps its marks. */
export function withMarks(pane: Pane, entries: readonly Entry[]): Pane {
  if (entries.length === 0 && pane.markedRows === 0) return pane;
  const marks = new Set(pane.marks);
  for (const { name } of pane.rows) marks.delete(name);
  for (const { name } of entries) marks.add(name);
  return {
    ...pane,
    marks: marks.size === 0 ? noMarks : marks,
    markedRows: entries.length,
    markedBytes: entries.reduce((sum, { size }) => sum + size, 0),
  };
}

export function withoutMarks(pane: Pane): Pane {
  return pane.marks.size === 0 ? pane : { ...pane, marks: noMarks, markedRows: 0, markedBytes: 0 };
}

/** Marks or unmarks the rows that match; the others stay as they are. */
export function withMatching(pane: Pane, matches: (name: Name) => boolean, on: boolean): Pane {
  return withMarks(
    pane,
    pane.rows.filter(({ name }) => (matches(name) ? on : pane.marks.has(name))),
  );
}

/** Marks the rows from one to another, `..` left out. Rows are counted as the cursor counts them. */
export function withRange(pane: Pane, from: number, to: number): Pane {
  const head = headRows(pane);
  const [low, high] = from < to ? [from, to] : [to, from];
  const range = pane.rows.slice(Math.max(0, low - head), Math.max(0, high - head + 1));
  return range.length === 1 && range[0] !== undefined
    ? withMark(pane, range[0], true)
    : withMarks(
        pane,
        pane.rows.filter((row, i) => pane.marks.has(row.name) || (i + head >= low && i + head <= high)),
      );
}

/** Another name for one of the marked, about to be: both are, until the next listing says which of them is there. */
export function withRenamed(pane: Pane, from: Name, to: Name): Pane {
  return pane.marks.has(from) ? { ...pane, marks: new Set([...pane.marks, to]) } : pane;
}
