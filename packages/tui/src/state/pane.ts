/**
 * One pane: a folder of one side as the user sees it. Pure values; UI thread. Both sides use the same code.
 *
 * Rows are the folder's visible entries in order of the sort; a `..` row stands before them wherever there is a parent, so
 * the cursor counts rows and not entries. A cursor step changes two numbers and copies no row.
 */

import {
  compareTime,
  type Entry,
  EntryKind,
  isWithin,
  type Name,
  type Path,
  type Shown,
} from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Space } from '../engine/source.ts';

export type SortBy = 'name' | 'size' | 'modified';
export type Sort = { readonly by: SortBy; readonly reverse: boolean };

export type Pane = {
  readonly side: Side;
  readonly path: Path;
  /** Every entry that has arrived, in order of arrival. */
  readonly entries: readonly Entry[];
  /** Those of them that are shown, sorted. While a listing runs, behind `entries` by at most half. */
  readonly rows: readonly Entry[];
  /** The listing that may fill this pane; pages of another one are late and ignored. */
  readonly request: number;
  readonly loading: boolean;
  /** The folder changed while it was read: what the running listing brings may be old, so it is read again after it. */
  readonly stale: boolean;
  /** What has arrived of a refresh; the old rows stay until it is whole. */
  readonly fresh: readonly Entry[] | undefined;
  readonly error: Shown | undefined;
  /** 0 is `..` where there is a parent. */
  readonly cursor: number;
  /** The first row that is drawn. */
  readonly top: number;
  /** The name that the cursor shall be put on when it comes. */
  readonly seek: Name | undefined;
  /** Changed by withMark and withMarks alone. */
  readonly marks: ReadonlySet<Name>;
  /** Size of all rows that are marked, kept with them: a cursor step walks over no rows. */
  readonly markedBytes: number;
  readonly sort: Sort;
  readonly showHidden: boolean;
  readonly space: Space | undefined;
};

const noMarks: ReadonlySet<Name> = new Set();

export function newPane(side: Side, path: Path): Pane {
  return {
    side,
    path,
    entries: [],
    rows: [],
    request: 0,
    loading: false,
    stale: false,
    fresh: undefined,
    error: undefined,
    cursor: 0,
    top: 0,
    seek: undefined,
    marks: noMarks,
    markedBytes: 0,
    sort: { by: 'name', reverse: false },
    showHidden: false,
    space: undefined,
  };
}

/** 1 where a `..` row stands before the entries. */
export function headRows(pane: Pane): number {
  return pane.path.length > 0 ? 1 : 0;
}

export function rowCount(pane: Pane): number {
  return pane.rows.length + headRows(pane);
}

/** The entry under the cursor; undefined on `..` and in an empty pane. */
export function entryAtCursor(pane: Pane): Entry | undefined {
  return pane.rows[pane.cursor - headRows(pane)];
}

/** The marked entries in order of the rows, or the one under the cursor. */
export function chosen(pane: Pane): readonly Entry[] {
  if (pane.marks.size > 0) return pane.rows.filter(({ name }) => pane.marks.has(name));
  const entry = entryAtCursor(pane);
  return entry === undefined ? [] : [entry];
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

const folderFirst = (entry: Entry): number => (entry.kind === EntryKind.folder ? 0 : 1);

function compare(sort: Sort): (a: Entry, b: Entry) => number {
  const sign = sort.reverse ? -1 : 1;
  const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return (a, b) => {
    const folders = folderFirst(a) - folderFirst(b);
    if (folders !== 0) return folders;
    const key =
      sort.by === 'size'
        ? b.size - a.size
        : sort.by === 'modified'
          ? compareTime(b.modified, a.modified)
          : byName(a, b);
    return key === 0 ? byName(a, b) : key * sign;
  };
}

/** Rows from entries: hidden ones left out, sorted; the cursor stays on its name, or on the one sought. */
export function arranged(pane: Pane, height: number): Pane {
  const keep = pane.seek ?? entryAtCursor(pane)?.name;
  const visible = pane.showHidden ? pane.entries : pane.entries.filter(({ name }) => !name.startsWith('.'));
  const rows = visible.toSorted(compare(pane.sort));
  const found = keep === undefined ? -1 : rows.findIndex(({ name }) => name === keep);
  const seek = found >= 0 ? undefined : pane.seek;
  const next = { ...pane, rows, seek, markedBytes: bytesOf(rows, pane.marks) };
  return withCursor(next, found >= 0 ? found + headRows(next) : pane.cursor, height);
}

/** Begins to show another folder. Coming from below, the cursor returns to where one came from. */
export function entering(pane: Pane, path: Path, request: number): Pane {
  const cameFrom = isWithin(path, pane.path) ? pane.path[path.length] : undefined;
  return {
    ...newPane(pane.side, path),
    sort: pane.sort,
    showHidden: pane.showHidden,
    request,
    loading: true,
    seek: cameFrom,
  };
}

/** Begins to read the same folder anew; what is shown stays until the answer is whole. */
export function refreshing(pane: Pane, request: number): Pane {
  return { ...pane, request, loading: true, stale: false, fresh: [] };
}

/** A page of the running listing. Sorting waits until the number of rows has doubled. */
export function withPage(pane: Pane, page: readonly Entry[], height: number): Pane {
  if (pane.fresh !== undefined) return { ...pane, fresh: [...pane.fresh, ...page] };
  const next = { ...pane, entries: [...pane.entries, ...page], error: undefined };
  return next.entries.length >= 2 * pane.rows.length || pane.rows.length === 0
    ? arranged(next, height)
    : next;
}

/** The running listing is whole. */
export function listed(pane: Pane, height: number): Pane {
  const entries = pane.fresh ?? pane.entries;
  const names = new Set(entries.map(({ name }) => name));
  const marks =
    pane.marks.size === 0 ? pane.marks : new Set([...pane.marks].filter((name) => names.has(name)));
  const next = { ...pane, entries, marks, fresh: undefined, loading: false, error: undefined };
  return { ...arranged(next, height), seek: undefined };
}

export function unlisted(pane: Pane, error: Shown): Pane {
  return { ...pane, loading: false, fresh: undefined, error };
}

/** Marks or unmarks one of the rows. */
export function withMark(pane: Pane, { name, size }: Entry, on: boolean): Pane {
  if (pane.marks.has(name) === on) return pane;
  const marks = new Set(pane.marks);
  if (on) marks.add(name);
  else marks.delete(name);
  return { ...pane, marks, markedBytes: pane.markedBytes + (on ? size : -size) };
}

/** Marks exactly these rows. */
export function withMarks(pane: Pane, entries: readonly Entry[]): Pane {
  if (entries.length === 0 && pane.marks.size === 0) return pane;
  const marks = entries.length === 0 ? noMarks : new Set(entries.map(({ name }) => name));
  return { ...pane, marks, markedBytes: entries.reduce((sum, { size }) => sum + size, 0) };
}

function bytesOf(rows: readonly Entry[], marks: ReadonlySet<Name>): number {
  if (marks.size === 0) return 0;
  return rows.reduce((sum, { name, size }) => (marks.has(name) ? sum + size : sum), 0);
}
