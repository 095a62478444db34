/**
 * The part of a file that is at hand, broken into rows of the screen: text by lines and width, or hexadecimal. Everything works
 * from offsets, so that the end of a huge file costs no more than its beginning. Where more of the file is needed than is at
 * hand, a function says on which side. Pure; UI thread.
 *
 * A line ends behind a newline. What has none for long is broken where a multiple of `longest` has no newline in the `longest`
 * bytes before it: a rule that gives the same lines from wherever one looks.
 */

import { type Shown, showCharAt, trusted } from '@ferry/protocol';
import { charCells } from './char-cells.ts';

/** A piece of a file: the bytes from `from` on. */
export type Span = { readonly from: number; readonly bytes: Uint8Array };

/** Bytes before or behind the span are needed. */
export type Need = 'before' | 'after';

export type RowShape = {
  readonly mode: 'text' | 'hex';
  /** Long lines go on in the next row; otherwise they are cut. */
  readonly wrap: boolean;
  /** Cells of a row. */
  readonly width: number;
  /** Cells left out at the beginning of each line, when they are not wrapped. */
  readonly column: number;
};

export type RowChar = {
  readonly text: Shown;
  /** Of its first byte in the file. */
  readonly at: number;
  readonly cells: number;
  readonly isEscape: boolean;
};

export type Row = {
  readonly at: number;
  /** Where the next row begins; the file's size at its end. */
  readonly end: number;
  readonly chars: readonly RowChar[];
};

const longest = 8 * 1024;
const tabCells = 8;
const newline = 0x0a;

/** Of a hexadecimal row: what fits beside its offset, with the text behind it on a wide screen. */
export function hexBytes(width: number): number {
  if (width >= 80) return 16;
  return width >= 36 ? 8 : width >= 24 ? 4 : 2;
}

export function isNeed(value: unknown): value is Need {
  return value === 'before' || value === 'after';
}

export function spanEnd({ from, bytes }: Span): number {
  return from + bytes.length;
}

/** Behind the character that a forced break would tear. */
function atCharacter({ from, bytes }: Span, at: number): number {
  let to = at;
  while (to < at + 3 && ((bytes[to - from] ?? 0) & 0xc0) === 0x80) to += 1;
  return to;
}

/** The beginning of the line that holds `at`. */
export function lineStart(span: Span, at: number): number | Need {
  const { from, bytes } = span;
  const forced = Math.floor(at / longest) * longest;
  const low = Math.max(0, forced - longest);
  if (at < from || at > spanEnd(span)) return at < from ? 'before' : 'after';
  const first = Math.max(low, from);
  const found = bytes.subarray(first - from, at - from).lastIndexOf(newline);
  if (found >= 0) return first + found + 1;
  if (low < from) return 'before';
  if (forced === 0) return 0;
  const start = atCharacter(span, forced);
  return start > at ? lineStart(span, forced - 1) : start;
}

/** Where the line after the one that begins at `start` begins. */
function lineEnd(span: Span, size: number, start: number): number | Need {
  const { from, bytes } = span;
  if (start > 0 && start - 1 < from) return 'before';
  const isForced = start > 0 && bytes[start - 1 - from] !== newline;
  const steps = isForced ? Math.floor(start / longest) : Math.ceil(start / longest);
  const forced = (steps + 1) * longest;
  const limit = Math.min(forced, size);
  const found = bytes.subarray(start - from, limit - from).indexOf(newline);
  if (found >= 0) return start + found + 1;
  if (spanEnd(span) < Math.min(limit + 3, size)) return 'after';
  return forced >= size ? size : atCharacter(span, forced);
}

/** The row that begins at `at`, which must be the beginning of one. */
export function rowFrom(span: Span, size: number, at: number, shape: RowShape): Row | Need {
  if (at < span.from) return 'before';
  if (shape.mode === 'hex') {
    const end = Math.min(at + hexBytes(shape.width), size);
    return spanEnd(span) < end ? 'after' : { at, end, chars: [] };
  }
  const start = lineStart(span, at);
  if (isNeed(start)) return start;
  const end = lineEnd(span, size, start);
  return isNeed(end) ? end : textRow(span, at, end, shape);
}

/** As much of [at, end) as fits, or as is to be seen. */
function textRow({ from, bytes }: Span, at: number, end: number, { width, wrap, column }: RowShape): Row {
  const left = wrap ? 0 : column;
  const contentEnd = withoutNewline(bytes, at - from, end - from);
  const chars: RowChar[] = [];
  let used = 0;
  let marks = -1;
  let i = at - from;
  while (i < contentEnd) {
    const isTab = bytes[i] === 0x09;
    const char = isTab
      ? { text: trusted(' '.repeat(tabCells - (used % tabCells))), bytes: 1, isEscape: false, isMark: false }
      : showCharAt(bytes, i, marks);
    const wide = char.text.length > 1 && (isTab || char.isEscape) ? char.text.length : charCells(char.text);
    if (used + wide > left + width) break;
    marks = char.isMark ? Math.max(0, marks) + 1 : 0;
    if (used >= left && (chars.length > 0 || wide > 0)) {
      chars.push({ text: char.text, at: from + i, cells: wide, isEscape: char.isEscape });
    } else if (used + wide > left) {
      // Cut by the left edge: what is left of it is blank.
      const rest = used + wide - left;
      chars.push({ text: trusted(' '.repeat(rest)), at: from + i, cells: rest, isEscape: false });
    }
    used += wide;
    i += char.bytes;
  }
  const isWhole = !wrap || i >= contentEnd;
  return { at, end: isWhole ? end : from + i, chars };
}

function withoutNewline(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || bytes[end - 1] !== newline) return end;
  return end - 1 > start && bytes[end - 2] === 0x0d ? end - 2 : end - 1;
}

/** Where the rows begin of the line that holds `at`, as far as the one that holds it. */
function startsUpTo(span: Span, size: number, at: number, shape: RowShape): number[] | Need {
  const start = lineStart(span, at);
  if (isNeed(start)) return start;
  const starts = [start];
  if (!shape.wrap) return starts;
  const end = lineEnd(span, size, start);
  if (isNeed(end)) return end;
  for (let from = start; ; ) {
    const row = textRow(span, from, end, shape);
    if (row.end > at || row.end >= end || row.end === from) return starts;
    from = row.end;
    starts.push(from);
  }
}

/** The beginning of the row that holds `at`. */
export function rowStart(span: Span, size: number, at: number, shape: RowShape): number | Need {
  const { mode, width } = shape;
  if (mode === 'hex') return at - (at % hexBytes(width));
  const starts = startsUpTo(span, size, at, shape);
  return isNeed(starts) ? starts : starts.at(-1)!;
}

/** `by` rows down from the row that begins at `at`, or up where it is negative; stops at the ends of the file. */
export function moved(span: Span, size: number, at: number, by: number, shape: RowShape): number | Need {
  if (shape.mode === 'hex') return movedHex(size, at, by, hexBytes(shape.width));
  let to = at;
  for (let i = 0; i < by; i++) {
    const row = rowFrom(span, size, to, shape);
    if (isNeed(row)) return row;
    if (row.end >= size) break;
    to = row.end;
  }
  let left = -by;
  while (left > 0 && to > 0) {
    const starts = startsUpTo(span, size, to - 1, shape);
    if (isNeed(starts)) return starts;
    to = starts[Math.max(0, starts.length - left)]!;
    left -= starts.length;
  }
  return to;
}

function movedHex(size: number, at: number, by: number, bytes: number): number {
  const last = Math.max(0, size - 1);
  const row = Math.ceil(at / bytes) + by;
  return Math.max(0, Math.min(row * bytes, last - (last % bytes)));
}

/** At most `height` rows from the one that begins at `at`; fewer at the end of the file or, with a need, of the span. */
export function rowsFrom(
  span: Span,
  size: number,
  at: number,
  height: number,
  shape: RowShape,
): { rows: readonly Row[]; need: Need | undefined } {
  const rows: Row[] = [];
  let next = at;
  while (rows.length < height && next < size) {
    const row = rowFrom(span, size, next, shape);
    if (isNeed(row)) return { rows, need: row };
    rows.push(row);
    next = row.end;
  }
  return { rows, need: undefined };
}
