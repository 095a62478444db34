/**
 * A file that is looked at: a bounded piece of it, the place that is shown, and where one wants to go. Movement that needs
 * bytes which are not here yet is remembered and done when they have come. Pure values; UI thread.
 */

import { type Facts, limits, type Path, type Shown } from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import type { BytePattern } from './byte-pattern.ts';
import {
  isNeed,
  moved,
  type Need,
  type Row,
  type RowShape,
  rowFrom,
  rowStart,
  rowsFrom,
  type Span,
  spanEnd,
} from './file-rows.ts';
import type { Picture } from './picture.ts';
import type { Zoom } from './zoom.ts';

/** A place in the file, and rows from there. */
export type Goal = {
  readonly at: number;
  readonly by: number;
};

/** Bytes that are wanted from the file. */
export type Piece = { readonly offset: number; readonly length: number };

export type Viewer = {
  readonly side: Side;
  readonly where: Where;
  readonly path: Path;
  /** `listing`: not its bytes, but a text of what is in it, all of which is at hand once it is made. `picture`: what one sees in it. */
  readonly shows: 'bytes' | 'listing' | 'picture';
  /** undefined until it is unpacked, and of all that is none. */
  readonly picture: Picture | undefined;
  /** undefined: the whole picture is seen. */
  readonly zoom: Zoom | undefined;
  /** As they were told last; undefined until the first bytes are here. */
  readonly facts: Facts | undefined;
  readonly span: Span | undefined;
  /** The beginning of the first row that is shown. */
  readonly top: number;
  readonly goal: Goal | undefined;
  /** The bytes that are awaited, and by which request; those of another one are late and ignored. */
  readonly reading: { readonly request: number; readonly piece: Piece } | undefined;
  /** undefined until the first bytes have shown what it is. */
  readonly mode: RowShape['mode'] | undefined;
  readonly wrap: boolean;
  readonly column: number;
  /** Stays at the end of a file that grows; any step away from there ends it. */
  readonly follows: boolean;
  readonly pattern: BytePattern | undefined;
  /** Where the match lies that was gone to last. */
  readonly match: number | undefined;
  /** What runs over the file now, by which request, and how far it has come. */
  readonly work: Work | undefined;
  readonly error: Shown | undefined;
};

export type Work = {
  readonly kind: 'search' | 'line' | 'listing' | 'picture';
  readonly request: number;
  readonly at: number;
};

/** What is drawn, in cells. */
export type Extent = { readonly width: number; readonly height: number };

const pieceBytes = limits.rangeBytes;
/** Held at most, and what is kept of it before the place that is shown. */
const mostBytes = 2 * 1024 * 1024;
const keptBefore = mostBytes / 4;
/** With less than this around what is shown, more is read ahead. */
const aheadBytes = 24 * 1024;
/** A NUL in so many bytes at the beginning means that it is no text. */
const judgedBytes = 4096;
/** More cells than any line has. */
const wholeLine = 1024 * 1024;

export function newViewer(
  { side, where }: Pick<Viewer, 'side' | 'where'>,
  path: Path,
  shows: Viewer['shows'] = 'bytes',
): Viewer {
  return {
    side,
    where,
    path,
    shows,
    picture: undefined,
    zoom: undefined,
    facts: undefined,
    span: undefined,
    top: 0,
    goal: undefined,
    reading: undefined,
    mode: undefined,
    wrap: true,
    column: 0,
    follows: false,
    pattern: undefined,
    match: undefined,
    work: undefined,
    error: undefined,
  };
}

export function shapeOf({ mode = 'text', wrap, column }: Viewer, { width }: Extent): RowShape {
  return { mode, wrap, column, width };
}

/** Whether the row that holds `at` is on the screen. */
export function isShown(viewer: Viewer, at: number, extent: Extent): boolean {
  return shownRows(viewer, extent).some((row) => row.at <= at && at < row.end);
}

/** An unwrapped text moved sideways, where the match would be outside of what is seen. */
export function withMatchInSight(viewer: Viewer, extent: Extent): Viewer {
  const { span, facts, match, wrap, mode, column } = viewer;
  if (span === undefined || facts === undefined || match === undefined || wrap || mode === 'hex')
    return viewer;
  const row = shownRows(viewer, extent).find(({ at, end }) => at <= match && match < end);
  if (row === undefined) return viewer;
  const whole = rowFrom(span, facts.size, row.at, { mode: 'text', wrap: false, width: wholeLine, column: 0 });
  if (isNeed(whole)) return viewer;
  let cell = 0;
  for (const { at, cells } of whole.chars) {
    if (at >= match) break;
    cell += cells;
  }
  const isInSight = cell >= column && cell < column + extent.width;
  return isInSight ? viewer : { ...viewer, column: Math.max(0, cell - Math.floor(extent.width / 2)) };
}

/** What is shown now; fewer rows than there is room for at the end of the file and while more is read. */
export function shownRows(viewer: Viewer, extent: Extent): readonly Row[] {
  const { span, facts, top } = viewer;
  if (span === undefined || facts === undefined) return [];
  return rowsFrom(span, facts.size, top, extent.height, shapeOf(viewer, extent)).rows;
}

/** The viewer with as much of its goal reached as the bytes at hand allow, and the bytes that are wanted next. */
export function settled(viewer: Viewer, extent: Extent): readonly [Viewer, Piece | undefined] {
  const { facts, span } = viewer;
  // It comes whole, by itself.
  if (viewer.shows === 'picture') return [viewer, undefined];
  if (viewer.shows === 'listing' && span === undefined) return [viewer, undefined];
  if (facts === undefined) return [viewer, { offset: 0, length: pieceBytes }];
  if (span === undefined) return [viewer, around(viewer.goal?.at ?? viewer.top, facts.size)];
  const goal = viewer.goal ?? { at: viewer.top, by: 0 };
  const at = Math.min(goal.at, facts.size);
  if (at < span.from || at > spanEnd(span)) return [viewer, around(at, facts.size)];
  const top = reached(viewer, span, facts.size, { ...goal, at }, extent);
  if (isNeed(top)) return [viewer, beside(span, top)];
  const isThere = top === viewer.top && viewer.goal === undefined;
  const there = isThere ? viewer : withMatchInSight({ ...viewer, top, goal: undefined }, extent);
  const shape = shapeOf(viewer, extent);
  const { rows, need } = rowsFrom(span, facts.size, top, extent.height, shape);
  if (need !== undefined) return [there, beside(span, need)];
  const end = rows.at(-1)?.end ?? top;
  if (spanEnd(span) < Math.min(facts.size, end + aheadBytes)) return [there, beside(span, 'after')];
  if (span.from > Math.max(0, top - aheadBytes)) return [there, beside(span, 'before')];
  return [there, undefined];
}

/** The top row that a goal leads to; never so far down that the last page is not full. */
function reached(viewer: Viewer, span: Span, size: number, { at, by }: Goal, extent: Extent): number | Need {
  const shape = shapeOf(viewer, extent);
  const from = at >= size ? size : rowStart(span, size, at, shape);
  if (isNeed(from)) return from;
  const to = moved(span, size, from, by, shape);
  if (isNeed(to)) return to;
  const { rows, need } = rowsFrom(span, size, to, extent.height, shape);
  if (need !== undefined || rows.length >= extent.height) return to;
  const lowest = moved(span, size, size, -extent.height, shape);
  // What comes before the last page may not be here; as long as it is awaited the page is shown as it is.
  return isNeed(lowest) ? (at >= size || by > 0 ? lowest : to) : Math.min(to, lowest);
}

function around(at: number, size: number): Piece {
  const offset = Math.max(0, Math.min(at - pieceBytes / 2, size - pieceBytes));
  return { offset, length: pieceBytes };
}

function beside(span: Span, need: Need): Piece {
  if (need === 'after') return { offset: spanEnd(span), length: pieceBytes };
  const offset = Math.max(0, span.from - pieceBytes);
  return { offset, length: span.from - offset };
}

/**
 * The viewer with bytes that have come. A file that became larger is taken to have grown at its end; of one that is another
 * in any other way, nothing that was here counts.
 */
export function withBytes(viewer: Viewer, offset: number, facts: Facts, content: Uint8Array): Viewer {
  const isOther =
    viewer.facts !== undefined && viewer.facts.identity !== facts.identity && facts.size <= viewer.facts.size;
  const span = joined(isOther ? undefined : viewer.span, { from: offset, bytes: content }, viewer.top);
  const goal = viewer.follows ? { at: facts.size, by: 0 } : viewer.goal;
  const next = { ...viewer, facts, span, goal, error: undefined, reading: undefined };
  return viewer.mode === undefined ? { ...next, mode: judged(content) } : next;
}

function judged(content: Uint8Array): RowShape['mode'] {
  return content.subarray(0, judgedBytes).includes(0) ? 'hex' : 'text';
}

/** One span where they touch; else the new one. */
function joined(old: Span | undefined, fresh: Span, top: number): Span {
  if (old === undefined) return fresh;
  if (fresh.from === spanEnd(old)) return trimmed(together(old, fresh), top);
  if (spanEnd(fresh) === old.from) return trimmed(together(fresh, old), top);
  return fresh;
}

function together(first: Span, second: Span): Span {
  const bytes = new Uint8Array(first.bytes.length + second.bytes.length);
  bytes.set(first.bytes);
  bytes.set(second.bytes, first.bytes.length);
  return { from: first.from, bytes };
}

function trimmed(span: Span, top: number): Span {
  if (span.bytes.length <= mostBytes) return span;
  const from = Math.max(span.from, Math.min(top - keptBefore, spanEnd(span) - mostBytes));
  // A copy: a view would keep all of it.
  return { from, bytes: span.bytes.slice(from - span.from, from - span.from + mostBytes) };
}

/** A listing that has come: a text of which no more is to be read. */
export function withListing(viewer: Viewer, text: Uint8Array, facts: Facts): Viewer {
  const span = { from: 0, bytes: text };
  return { ...viewer, span, mode: 'text', facts: { ...facts, size: text.length }, work: undefined };
}

/** A picture that has come. */
export function withPicture(viewer: Viewer, picture: Picture, facts: Facts): Viewer {
  return { ...viewer, picture, facts, work: undefined };
}
