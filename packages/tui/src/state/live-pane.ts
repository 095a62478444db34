/**
 * A pane whose folder changes while it is shown: rows come, go and change in their places; the cursor stays on its file, and with it where
 * that is on the screen; marks follow. What got another name moves. Costs one pass over a folder, however large, and no
 * sorting. Pure; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import type { FolderChange } from '../engine/watching.ts';
import type { Marks } from './mark-set.ts';
import { entryAtCursor, filtered, noChanges, type Pane, withCursor } from './pane.ts';
import { type Changes, replaced } from './replace-rows.ts';

/** Changes that are kept until a listing has ended; of more, the folder is read again instead. */
const mostLate = 2000;

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
  const entries = [...changes.values()].filter((entry) => entry !== undefined);
  const { pages, before, sorted } = replaced(pane, changes);
  if (entries.length === 0 && before.size === 0) return pane;
  const renamed = renames(before, changes);
  const here = entryAtCursor(pane)?.name;
  const isSought = pane.seek !== undefined && changes.get(pane.seek) !== undefined;
  const follows = here === undefined ? undefined : (renamed.get(here) ?? here);
  const next = filtered(
    {
      ...pane,
      pages,
      arrived: pane.arrived - before.size + entries.length,
      sortedPages: pages.length,
      sorted,
      marks: marksAfter(pane.marks, changes, renamed),
      sizes: sizesAfter(pane.sizes, changes, renamed),
      seek: isSought ? pane.seek : follows,
    },
    pane.filter,
    height,
  );
  if (next.ordering !== undefined) return next;
  const told = { ...next, seek: isSought ? undefined : pane.seek };
  const isThere = follows !== undefined && entryAtCursor(told)?.name === follows;
  // Where the file went that the cursor was on, the next one takes its place.
  if (!isThere && !isSought) return withCursor(told, pane.cursor, height);
  return isSought
    ? told
    : withCursor({ ...told, top: pane.top + told.cursor - pane.cursor }, told.cursor, height);
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

/** The others go with their rows, and stay with those that changed in place. */
function marksAfter(marks: Marks, changes: Changes, renamed: ReadonlyMap<Name, Name>): Marks {
  if (marks.size === 0 || (renamed.size === 0 && marks.awaited.size === 0)) return marks;
  const awaited = [...marks.awaited].flatMap((name) => nameAfter(name, changes, renamed));
  const come = marks.among(renamed).flatMap((name) => renamed.get(name) ?? []);
  return marks.awaiting(new Set([...awaited, ...come]));
}

function sizesAfter(
  sizes: ReadonlyMap<Name, number>,
  changes: Changes,
  renamed: ReadonlyMap<Name, Name>,
): ReadonlyMap<Name, number> {
  if (!someIn(sizes, changes)) return sizes;
  return new Map(
    [...sizes].flatMap(([name, bytes]) => nameAfter(name, changes, renamed).map((now) => [now, bytes])),
  );
}

/** A pass over all of them is not for every change. */
function someIn(names: { has(name: Name): boolean }, changes: Changes): boolean {
  return changes.keys().some((name) => names.has(name));
}

function nameAfter(name: Name, changes: Changes, renamed: ReadonlyMap<Name, Name>): readonly Name[] {
  const now = renamed.get(name);
  if (now !== undefined) return [now];
  return changes.has(name) && changes.get(name) === undefined ? [] : [name];
}
