/**
 * One pane: a folder of one side as the user sees it. Pure values; UI thread. Both sides use the same code.
 *
 * Rows are the folder's visible entries in order of the sort; a `..` row stands before them wherever there is a parent, so
 * the cursor counts rows and not entries. A cursor step changes two numbers and copies no row.
 */

import {
  type Entry,
  type FindQuery,
  isWithin,
  type Name,
  type Path,
  parentPath,
  type Shown,
  samePath,
} from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import { type Entries, pagesOf } from '../engine/entry-page.ts';
import type { Space } from '../engine/source.ts';
import type { Compared } from './compare.ts';
import { bitsOf, carried, type Marks, noMarks, tally } from './mark-set.ts';
import { isNarrower } from './match.ts';
import { inOrderNow, type Ordered, type Ordering } from './order.ts';
import type { Changes } from './replace-rows.ts';
import { entryOf, idOfName, noRows, type Pages, type Rows } from './rows.ts';
import type { Seeking } from './seeking.ts';
import { type Sort, usualSort } from './sort.ts';

export const noChanges: Changes = new Map();

/** Where one was: a folder, and the name that the cursor was on. */
export type Visit = { readonly path: Path; readonly at: Name | undefined };

export type Search = {
  /** All but when it was changed… */
  readonly query: FindQuery;
  /** …which is in words, as it depends on when it is asked for. */
  readonly changed: string;
  /** For the pane's frame, as they were typed. */
  readonly words: string;
};

export type Pane = {
  readonly side: Side;
  /** Whose files it shows: either pane may show those of this machine, or of any server that is open. */
  readonly where: Where;
  readonly path: Path;
  /** Every entry that has arrived, in order of arrival. */
  readonly pages: Pages;
  readonly arrived: number;
  /** Those of the first `sortedPages` that are not hidden, sorted. */
  readonly sorted: Rows;
  readonly sortedPages: number;
  /** What is being put in order or filtered aside, for `sorted` of later; undefined when there is nothing to do. */
  readonly ordering: Ordering | undefined;
  /** What is looked for among many rows aside; undefined when there is nothing. */
  readonly seeking: Seeking | undefined;
  /** Those that the filter leaves, and that are shown. */
  readonly rows: Rows;
  /** '' for none; see state/match. */
  readonly filter: string;
  /** The listing that may fill this pane; pages of another one are late and ignored. */
  readonly request: number;
  /** The request that has brought what is in `pages`. */
  readonly broughtBy: number;
  /** What the rows were found with, below the path; undefined for the folder itself. Their names are paths then. */
  readonly found: Search | undefined;
  readonly loading: boolean;
  /** The folder changed while it was read: what the running listing brings may be old, so it is read again after it. */
  readonly stale: boolean;
  /** What has arrived of a refresh; the old rows stay until it is whole. */
  readonly fresh: Pages | undefined;
  /** How often the folder is read to find out what changes, milliseconds; 0: it is told. undefined: nobody tells. */
  readonly pollMs: number | undefined;
  /** What changed while it could not be shown yet: the row by now, or that it is gone. See live-pane. */
  readonly late: Changes;
  readonly error: Shown | undefined;
  /** 0 is `..` where there is a parent. */
  readonly cursor: number;
  /** The first row that is drawn. */
  readonly top: number;
  /** The name that the cursor shall be put on when it comes. */
  readonly seek: Name | undefined;
  /** Changed by state/marks alone. */
  readonly marks: Marks;
  /** How many rows are marked, and their size, kept with the marks: a cursor step walks over no rows. */
  readonly markedRows: number;
  readonly markedBytes: number;
  readonly sort: Sort;
  readonly showHidden: boolean;
  readonly space: Space | undefined;
  /** Where one came from, the last one at the end; and where one went back from. */
  readonly back: readonly Visit[];
  readonly forward: readonly Visit[];
  /** What is in folders, where it was counted: bytes by name. */
  readonly sizes: ReadonlyMap<Name, number>;
  /** Against the other side; undefined when they were not compared. */
  readonly compared: Compared | undefined;
};

/** How many folders one can go back. */
export const mostVisits = 100;

export function newPane(side: Side, path: Path, where: Where): Pane {
  return {
    side,
    where,
    path,
    pages: [],
    arrived: 0,
    sorted: noRows,
    sortedPages: 0,
    ordering: undefined,
    seeking: undefined,
    rows: noRows,
    filter: '',
    request: 0,
    broughtBy: 0,
    found: undefined,
    loading: false,
    stale: false,
    fresh: undefined,
    pollMs: undefined,
    late: noChanges,
    error: undefined,
    cursor: 0,
    top: 0,
    seek: undefined,
    marks: noMarks,
    markedRows: 0,
    markedBytes: 0,
    sort: usualSort,
    showHidden: false,
    space: undefined,
    back: [],
    forward: [],
    sizes: new Map(),
    compared: undefined,
  };
}

/** 1 where a `..` row stands before the entries. */
export function headRows(pane: Pane): number {
  return pane.path.length > 0 || pane.found !== undefined ? 1 : 0;
}

export function rowCount(pane: Pane): number {
  return pane.rows.length + headRows(pane);
}

/** The entry under the cursor; undefined on `..` and in an empty pane. */
export function entryAtCursor(pane: Pane): Entry | undefined {
  return rowAt(pane, pane.cursor);
}

/** The entry of a row as the cursor counts them; undefined for `..` and beyond the end. */
export function rowAt(pane: Pane, row: number): Entry | undefined {
  const at = row - headRows(pane);
  return at < 0 ? undefined : pane.rows.at(at);
}

/** Puts the cursor on a row and the window around it. */
export function withCursor(pane: Pane, cursor: number, height: number): Pane {
  const last = Math.max(0, rowCount(pane) - 1);
  const at = Math.min(Math.max(0, cursor), last);
  const lowest = Math.max(0, at - height + 1);
  const highest = Math.max(0, rowCount(pane) - height);
  const top = Math.min(Math.max(lowest, Math.min(pane.top, at)), Math.max(highest, lowest));
  return at === pane.cursor && top === pane.top ? pane : { ...pane, cursor: at, top };
}

/** Above this many, rows are put in order aside: to sort these takes a few milliseconds. */
export const mostAtOnce = 20_000;
/** So many unsorted ones are worth a pass over those that are sorted, and this part of them. */
const worthMerging = { least: 50_000, part: 1 / 4 };

/**
 * Rows from entries: hidden ones left out, sorted, filtered; the cursor stays on its name, or on the one sought. Of a large folder
 * the rows stay as they are until they are in order.
 */
export function arranged(pane: Pane, height: number): Pane {
  const { pages, arrived, sort, showHidden, filter } = pane;
  const ordering = { base: noRows, pages, from: 0, sort, showHidden, filter };
  if (arrived > mostAtOnce) return { ...pane, ordering };
  const next = { ...pane, ordering: undefined, sortedPages: pages.length };
  return withRows(next, inOrderNow(ordering), height);
}

function countOf(pages: Pages): number {
  return pages.reduce((sum, page) => sum + page.length, 0);
}

/** Has what came since put among what is in order already, where it is much, or all that will come. */
function orderingMore(pane: Pane): Pane {
  const { pages, sorted: base, sortedPages, ordering, sort, showHidden, filter, loading } = pane;
  if (ordering !== undefined || sortedPages === pages.length) return pane;
  const more = countOf(pages.slice(sortedPages));
  const isWorthIt = more >= Math.max(worthMerging.least, base.length * worthMerging.part);
  if (loading && !isWorthIt) return pane;
  return { ...pane, ordering: { base, pages, from: sortedPages, sort, showHidden, filter } };
}

/** Rows are in order that were not; late ones are left alone. */
export function ordered(pane: Pane, ordering: Ordering, rows: Ordered, height: number): Pane {
  if (pane.ordering !== ordering) return pane;
  const sortedPages = ordering.pages.length;
  const next = orderingMore(withRows({ ...pane, ordering: undefined, sortedPages }, rows, height));
  return next.loading || next.ordering !== undefined ? next : { ...next, seek: undefined };
}

/**
 * Shows what the filter leaves of rows that are sorted already; the cursor goes to the first of them when its row goes. Of many rows, what
 * was shown stays until that is found.
 */
export function filtered(pane: Pane, filter: string, height: number): Pane {
  const { sorted, ordering, sort, showHidden } = pane;
  const all = { sorted, rows: sorted };
  if (ordering !== undefined) {
    const again = { ...pane, filter, ordering: { ...ordering, filter, within: undefined } };
    return filter === '' ? withRows(again, all, height) : again;
  }
  const pages = pane.pages.slice(0, pane.sortedPages);
  // With the same filter it is about other rows.
  const isPart = filter !== pane.filter && isNarrower(filter, pane.filter);
  const within = isPart ? pane.rows : undefined;
  const alone = { base: sorted, pages, from: pages.length, sort, showHidden, filter, within };
  if (filter === '') return withRows({ ...pane, filter }, all, height);
  if ((within ?? sorted).length > mostAtOnce) return { ...pane, filter, ordering: alone };
  return withRows({ ...pane, filter }, inOrderNow(alone), height);
}

function withRows(pane: Pane, { sorted, rows }: Ordered, height: number): Pane {
  const keep = pane.seek ?? entryAtCursor(pane)?.name;
  const found = keep === undefined ? -1 : rowOf(rows, keep, pane);
  const seek = found >= 0 ? undefined : pane.seek;
  const marks = carried(pane.marks, rows.pages);
  const next = { ...pane, sorted, rows, seek, marks, ...countMarks(rows, marks) };
  const head = headRows(next);
  const otherwise = pane.filter === '' ? pane.cursor : head;
  return withCursor(next, found >= 0 ? found + head : otherwise, height);
}

/** Mostly it is where it was in its page, and need not be looked for by its name. */
function rowOf(rows: Rows, name: Name, before: Pane): number {
  const id = before.rows.ids[before.cursor - headRows(before)];
  const isThere = id !== undefined && entryOf(rows.pages, id)?.name === name;
  return isThere ? rows.ids.indexOf(id) : rows.indexOf(name);
}

/** Begins to show another folder. Coming from below, the cursor returns to where one came from. */
export function entering(pane: Pane, path: Path, request: number): Pane {
  const cameFrom = isWithin(path, pane.path) ? pane.path[path.length] : undefined;
  return {
    ...anew(pane, path, request, cameFrom),
    back: samePath(path, pane.path) ? backHere(pane) : left(pane),
  };
}

/** The history of who leaves for somewhere else. What was found is no place of its own: its folder is in it already. */
function left(pane: Pane): readonly Visit[] {
  return pane.found === undefined ? [...pane.back, here(pane)].slice(-mostVisits) : pane.back;
}

/** The history of who comes back to the pane's own folder. */
function backHere({ found, back }: Pane): readonly Visit[] {
  return found === undefined ? back : back.slice(0, -1);
}

/** Begins to show another place: where one had been before is no way back from there. */
export function movingTo(pane: Pane, where: Where, path: Path, request: number): Pane {
  return anew({ ...pane, where }, path, request, undefined);
}

/** Whose rules hold for a pane: a server's files, or this machine's. */
export function kindOf({ where }: Pane): Side {
  return where === '' ? 'local' : 'remote';
}

/** Begins to show what a search below the pane's folder finds. */
export function finding(pane: Pane, search: Search, request: number): Pane {
  return {
    ...anew(pane, pane.path, request, undefined),
    found: search,
    back: left(pane),
    forward: pane.forward,
  };
}

/** The folder that `..` leads to. */
export function above({ path, found }: Pane): Path {
  return found === undefined ? parentPath(path) : path;
}

/** Begins to show the folder before or after in one's history; undefined where there is none. */
export function revisiting(pane: Pane, way: 'back' | 'forward', request: number): Pane | undefined {
  const other = way === 'back' ? 'forward' : 'back';
  const visit = pane[way].at(-1);
  if (visit === undefined) return undefined;
  return {
    ...anew(pane, visit.path, request, visit.at),
    [way]: pane[way].slice(0, -1),
    [other]: pane.found === undefined ? [...pane[other], here(pane)] : pane[other],
  };
}

function here(pane: Pane): Visit {
  return { path: pane.path, at: entryAtCursor(pane)?.name };
}

function anew(pane: Pane, path: Path, request: number, seek: Name | undefined): Pane {
  const { sort, showHidden } = pane;
  return { ...newPane(pane.side, path, pane.where), sort, showHidden, request, loading: true, seek };
}

/** Begins to read the same folder anew; what is shown stays until the answer is whole. */
export function refreshing(pane: Pane, request: number): Pane {
  return { ...pane, request, loading: true, stale: false, fresh: [] };
}

/** A page of the running listing. Sorting waits until the number of rows has doubled, or there is much of it. */
export function withPage(pane: Pane, entries: Entries, height: number): Pane {
  if (pane.fresh !== undefined) return { ...pane, fresh: [...pane.fresh, ...pagesOf(entries)] };
  const pages = [...pane.pages, ...pagesOf(entries)];
  const arrived = pane.arrived + entries.length;
  const next = { ...pane, pages, arrived, broughtBy: pane.request, error: undefined };
  if (next.arrived > mostAtOnce) return orderingMore(next);
  return next.arrived >= 2 * pane.sorted.length || pane.sorted.length === 0 ? arranged(next, height) : next;
}

/** The running listing is whole. */
export function listed(pane: Pane, height: number): Pane {
  const pages = pane.fresh ?? pane.pages;
  const arrived = countOf(pages);
  const marks = withoutStrangers(pane.marks, pages);
  const isOver = { broughtBy: pane.request, fresh: undefined, loading: false, error: undefined };
  const next = { ...pane, pages, arrived, marks, ...isOver };
  if (arrived <= mostAtOnce || pane.fresh !== undefined) {
    const now = arranged(next, height);
    return now.ordering === undefined ? { ...now, seek: undefined } : now;
  }
  const more = orderingMore(next);
  return more.ordering === undefined ? { ...more, seek: undefined } : more;
}

/** A listing that is whole says what need not be waited for. */
function withoutStrangers(marks: Marks, pages: Pages): Marks {
  if (marks.awaited.size === 0) return marks;
  return marks.awaiting(new Set([...marks.awaited].filter((name) => idOfName(pages, name) !== undefined)));
}

export function unlisted(pane: Pane, error: Shown): Pane {
  return { ...pane, loading: false, fresh: undefined, error };
}

function countMarks(rows: Rows, marks: Marks): { readonly markedRows: number; readonly markedBytes: number } {
  if (marks.size === 0) return { markedRows: 0, markedBytes: 0 };
  const shown = bitsOf(rows).map((word, at) => word & (marks.bits[at] ?? 0));
  const { rows: markedRows, bytes: markedBytes } = tally(rows.pages, shown);
  return { markedRows, markedBytes };
}
