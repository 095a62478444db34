/**
 * Which entries of a pane are marked. Marks outlive a refresh and hold on to rows that a filter leaves out, but what is done to marked
 * entries is done to those that are shown. Pure; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import { type Bits, bitsOf, Marks, noBits, noMarks, setBit, tally } from './mark-set.ts';
import { entryAtCursor, headRows, type Pane } from './pane.ts';
import { type Pages, Rows } from './rows.ts';

/** The marked entries that are shown, in order of the rows, or the one under the cursor. */
export function chosen(pane: Pane): readonly Entry[] {
  const { rows, marks } = pane;
  if (pane.markedRows > 0)
    return [
      ...new Rows(
        rows.pages,
        rows.ids.filter((id) => marks.has(id)),
      ),
    ];
  const entry = entryAtCursor(pane);
  return entry === undefined ? [] : [entry];
}

/** Rows are counted as the cursor counts them; `..` never is. */
export function isMarked(pane: Pane, row: number): boolean {
  const id = pane.rows.ids[row - headRows(pane)];
  return id !== undefined && pane.marks.has(id);
}

/** Marks or unmarks a row, counted as the cursor counts them; not `..`. */
export function withMark(pane: Pane, row: number, on: boolean): Pane {
  const { rows, marks } = pane;
  const at = row - headRows(pane);
  const id = rows.ids[at];
  const entry = at < 0 ? undefined : rows.at(at);
  if (id === undefined || entry === undefined || marks.has(id) === on) return pane;
  const pages = longer(marks.pages, rows.pages);
  const bits = noBits(pages);
  bits.set(marks.bits);
  if (on) setBit(bits, id);
  else bits[id >>> 5]! &= ~(1 << (id & 31));
  const sign = on ? 1 : -1;
  return {
    ...pane,
    marks: new Marks(pages, bits, marks.awaited),
    markedRows: pane.markedRows + sign,
    markedBytes: pane.markedBytes + sign * entry.size,
  };
}

/** Of two states of a listing to which pages are only added. */
function longer(one: Pages, other: Pages): Pages {
  return one.length > other.length ? one : other;
}

/** Marks exactly these of the rows; what is not shown keeps its marks. */
export function withMarks(pane: Pane, rows: Rows): Pane {
  const shown = bitsOf(pane.rows);
  return withBits(pane, shown, rows === pane.rows ? shown : bitsOf(rows));
}

/** None of the rows any more. */
export function withoutShownMarks(pane: Pane): Pane {
  return pane.markedRows === 0 ? pane : withBits(pane, bitsOf(pane.rows), new Uint32Array(0));
}

export function withInverted(pane: Pane): Pane {
  const shown = bitsOf(pane.rows);
  const { bits } = pane.marks;
  return withBits(
    pane,
    shown,
    shown.map((word, at) => word & ~(bits[at] ?? 0)),
  );
}

/** Of the shown rows exactly those are marked that `on` has. */
function withBits(pane: Pane, shown: Bits, on: Bits): Pane {
  const { marks } = pane;
  const pages = longer(marks.pages, pane.rows.pages);
  const bits = noBits(pages);
  for (let at = 0; at < bits.length; at++)
    bits[at] = ((marks.bits[at] ?? 0) & ~(shown[at] ?? 0)) | (on[at] ?? 0);
  const now = new Marks(pages, bits, marks.awaited);
  const { rows, bytes } = tally(pages, on);
  return { ...pane, marks: now.size === 0 ? noMarks : now, markedRows: rows, markedBytes: bytes };
}

export function withoutMarks(pane: Pane): Pane {
  return pane.marks.size === 0 ? pane : { ...pane, marks: noMarks, markedRows: 0, markedBytes: 0 };
}

/** Marks or unmarks those of the rows that match; the others stay as they are. */
export function withMatching(pane: Pane, matching: Bits, on: boolean): Pane {
  const shown = bitsOf(pane.rows);
  const { bits } = pane.marks;
  const next = shown.map((word, at) => {
    const marked = word & (bits[at] ?? 0);
    const like = word & (matching[at] ?? 0);
    return on ? marked | like : marked & ~like;
  });
  return withBits(pane, shown, next);
}

/** Marks the rows from one to another, `..` left out. Rows are counted as the cursor counts them. */
export function withRange(pane: Pane, from: number, to: number): Pane {
  const head = headRows(pane);
  const [low, high] = from < to ? [from, to] : [to, from];
  if (Math.max(head, low) === high) return withMark(pane, high, true);
  const { rows, marks } = pane;
  const on = bitsOf(rows, Math.max(0, low - head), Math.min(rows.length, high - head + 1));
  const shown = bitsOf(rows);
  for (let at = 0; at < on.length; at++) on[at]! |= (marks.bits[at] ?? 0) & shown[at]!;
  return withBits(pane, shown, on);
}

/** Another name for one of the marked, about to be: both are, until the next listing says which of them is there. */
export function withRenamed(pane: Pane, from: Name, to: Name): Pane {
  const { marks } = pane;
  if (marks.among(new Set([from])).length === 0) return pane;
  return { ...pane, marks: marks.awaiting(new Set([...marks.awaited, to])) };
}
