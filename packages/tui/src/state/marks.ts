/**
 * Which entries of a pane are marked. Marks go by names: they outlive a refresh and hold on to rows that a filter leaves out,
 * but what is done to marked entries is done to those that are shown. Pure; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import type { Entries } from '../engine/entry-page.ts';
import { isAmong } from './name-table.ts';
import { entryAtCursor, headRows, type Pane } from './pane.ts';

const noMarks: ReadonlySet<Name> = new Set();

/** The marked entries that are shown, in order of the rows, or the one under the cursor. */
export function chosen(pane: Pane): readonly Entry[] {
  if (pane.markedRows > 0) return [...pane.rows.named(pane.marks)];
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
export function withMarks(pane: Pane, entries: Entries): Pane {
  if (entries.length === 0 && pane.markedRows === 0) return pane;
  const marks = new Set(pane.marks);
  for (const { name } of pane.rows.named(pane.marks)) marks.delete(name);
  let markedBytes = 0;
  for (const { name, size } of entries) {
    marks.add(name);
    markedBytes += size;
  }
  return {
    ...pane,
    marks: marks.size === 0 ? noMarks : marks,
    markedRows: entries.length,
    markedBytes,
  };
}

export function withoutMarks(pane: Pane): Pane {
  return pane.marks.size === 0 ? pane : { ...pane, marks: noMarks, markedRows: 0, markedBytes: 0 };
}

/** Marks or unmarks the rows that match; the others stay as they are. */
export function withMatching(pane: Pane, matches: (name: Name) => boolean, on: boolean): Pane {
  const isMarked = isAmong(pane.marks);
  return withMarks(
    pane,
    pane.rows.where((page, place) => (matches(page.nameAt(place)) ? on : isMarked(page, place))),
  );
}

/** Marks the rows from one to another, `..` left out. Rows are counted as the cursor counts them. */
export function withRange(pane: Pane, from: number, to: number): Pane {
  const head = headRows(pane);
  const [low, high] = from < to ? [from, to] : [to, from];
  const only = Math.max(0, low - head) === high - head ? pane.rows.at(high - head) : undefined;
  if (only !== undefined) return withMark(pane, only, true);
  const isMarked = isAmong(pane.marks);
  return withMarks(
    pane,
    pane.rows.where((page, place, i) => (i + head >= low && i + head <= high) || isMarked(page, place)),
  );
}

/** Another name for one of the marked, about to be: both are, until the next listing says which of them is there. */
export function withRenamed(pane: Pane, from: Name, to: Name): Pane {
  return pane.marks.has(from) ? { ...pane, marks: new Set([...pane.marks, to]) } : pane;
}
