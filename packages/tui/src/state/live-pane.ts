/**
 * A pane whose folder changes while it is shown: rows come, go and change in their places; the cursor stays on its file, and with it where
 * that is on the screen; marks follow. What got another name moves. Costs one pass over the names of a folder, however large, and no
 * sorting. Pure; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import type { FolderChange } from '../engine/watching.ts';
import { visible } from './order.ts';
import {
  type Changes,
  entryAtCursor,
  filtered,
  noChanges,
  type Pages,
  type Pane,
  withCursor,
} from './pane.ts';
import { comparison } from './sort.ts';

/** Changes that are kept until a listing has ended; of more, the folder is read again instead. */
const mostLate = 2000;
/** Rows that came one by one are put together in pages of this many. */
const tailRows = 1000;

/** A pane of a folder that may be listed; rows that were found somewhere are as they were found. */
export function isLive(pane: Pane): boolean {
  return pane.found === undefined && pane.request > 0;
}

export function withChange(
  pane: Pane,
  { entries, gone }: FolderChange & { readonly kind: 'changed' },
  height: number,
): Pane {
  if (!isLive(pane)) return pane;
  const changes = new Map<Name, Entry | undefined>(pane.late);
  for (const entry of entries) changes.set(entry.name, entry);
  for (const name of gone) changes.set(name, undefined);
  if (changes.size > mostLate) return { ...pane, late: noChanges, stale: true };
  return caughtUp({ ...pane, late: changes }, height);
}

/** Shows what came late, once the folder is read and in order. */
export function caughtUp(pane: Pane, height: number): Pane {
  if (pane.late.size === 0 || pane.loading || pane.ordering !== undefined) return pane;
  return applied({ ...pane, late: noChanges }, pane.late, height);
}

function applied(pane: Pane, changes: Changes, height: number): Pane {
  const before = new Map<Name, Entry>();
  const kept = pane.pages.map((page) => without(page, changes, before)).filter(({ length }) => length > 0);
  const entries = [...changes.values()].filter((entry) => entry !== undefined);
  if (entries.length === 0 && before.size === 0) return pane;
  const renamed = renames(before, changes);
  const pages = withTail(kept, entries);
  const here = entryAtCursor(pane)?.name;
  const isSought = pane.seek !== undefined && changes.get(pane.seek) !== undefined;
  const follows = here === undefined ? undefined : (renamed.get(here) ?? here);
  const next = filtered(
    {
      ...pane,
      pages,
      arrived: pane.arrived - before.size + entries.length,
      sortedPages: pages.length,
      sorted: resorted(pane, [...before.values()], entries),
      marks: marksAfter(pane.marks, changes, renamed),
      sizes: sizesAfter(pane.sizes, changes, renamed),
      seek: isSought ? pane.seek : follows,
    },
    pane.filter,
    height,
  );
  const told = { ...next, seek: isSought ? undefined : pane.seek };
  const isThere = follows !== undefined && entryAtCursor(told)?.name === follows;
  // Where the file went that the cursor was on, the next one takes its place.
  if (!isThere && !isSought) return withCursor(told, pane.cursor, height);
  return isSought
    ? told
    : withCursor({ ...told, top: pane.top + told.cursor - pane.cursor }, told.cursor, height);
}

/** The rows of a page that have not changed; the others are put into `before`. */
function without(page: readonly Entry[], changes: Changes, before: Map<Name, Entry>): readonly Entry[] {
  const had = before.size;
  for (const entry of page) if (changes.has(entry.name)) before.set(entry.name, entry);
  return before.size === had ? page : page.filter(({ name }) => !changes.has(name));
}

function withTail(pages: Pages, entries: readonly Entry[]): Pages {
  if (entries.length === 0) return pages;
  const tail = pages.at(-1);
  if (tail === undefined || tail.length + entries.length > tailRows) return [...pages, entries];
  return [...pages.slice(0, -1), [...tail, ...entries]];
}

/** The sorted rows with some gone and some come, without sorting the rest. */
function resorted(pane: Pane, gone: readonly Entry[], come: readonly Entry[]): readonly Entry[] {
  const compare = comparison(pane.sort);
  const rows = [...pane.sorted];
  const drop = gone.map((entry) => placeIn(rows, entry, compare)).filter(([, isThere]) => isThere);
  for (const [at] of drop.toSorted(([a], [b]) => b - a)) rows.splice(at, 1);
  for (const entry of visible(come, pane.showHidden)) rows.splice(placeIn(rows, entry, compare)[0], 0, entry);
  return rows;
}

/** Where an entry stands, or would stand, among rows in order. */
function placeIn(
  rows: readonly Entry[],
  entry: Entry,
  compare: (a: Entry, b: Entry) => number,
): readonly [at: number, isThere: boolean] {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && compare(row, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return [low, rows[low]?.name === entry.name];
}

/** Names that went while one other came for what is the same in all else: by old name. */
function renames(before: ReadonlyMap<Name, Entry>, changes: Changes): ReadonlyMap<Name, Name> {
  const gone = [...before.values()].filter(({ name }) => changes.get(name) === undefined);
  if (gone.length === 0) return new Map();
  const come = [...changes.values()].filter((entry) => entry !== undefined && !before.has(entry.name));
  const byLook = new Map<string, Entry[]>();
  for (const entry of come)
    if (entry !== undefined) byLook.set(look(entry), [...(byLook.get(look(entry)) ?? []), entry]);
  const looks = gone.map(look);
  return new Map(
    gone.flatMap(({ name }, i) => {
      const [one, ...others] = byLook.get(looks[i] ?? '') ?? [];
      const isOnly = looks.indexOf(looks[i] ?? '') === looks.lastIndexOf(looks[i] ?? '');
      return one !== undefined && others.length === 0 && isOnly ? [[name, one.name] as const] : [];
    }),
  );
}

/** What another name leaves as it was. */
function look({ kind, size, modified, mode }: Entry): string {
  return `${kind} ${size} ${modified.s} ${modified.ns} ${mode}`;
}

function marksAfter(
  marks: ReadonlySet<Name>,
  changes: Changes,
  renamed: ReadonlyMap<Name, Name>,
): ReadonlySet<Name> {
  if (marks.size === 0) return marks;
  return new Set([...marks].flatMap((name) => nameAfter(name, changes, renamed)));
}

function sizesAfter(
  sizes: ReadonlyMap<Name, number>,
  changes: Changes,
  renamed: ReadonlyMap<Name, Name>,
): ReadonlyMap<Name, number> {
  if (sizes.size === 0) return sizes;
  return new Map(
    [...sizes].flatMap(([name, bytes]) => nameAfter(name, changes, renamed).map((now) => [now, bytes])),
  );
}

function nameAfter(name: Name, changes: Changes, renamed: ReadonlyMap<Name, Name>): readonly Name[] {
  const now = renamed.get(name);
  if (now !== undefined) return [now];
  return changes.has(name) && changes.get(name) === undefined ? [] : [name];
}
