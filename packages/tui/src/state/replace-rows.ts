/**
 * Some rows of a listing gone and others come, in pages and in order, without sorting the rest: one pass over four bytes a row. Pure; UI
 * thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import { EntryPage } from '../engine/entry-page.ts';
import { isAmong } from './name-table.ts';
import { isHidden, withPut } from './order.ts';
import { idOf, type Pages, pageOf, placeOf, Rows } from './rows.ts';
import type { Sort } from './sort.ts';

/** Rows that came one by one are put together in pages of this many. */
const tailRows = 1000;

export type Listing = {
  readonly pages: Pages;
  /** Those that are shown, in order. */
  readonly sorted: Rows;
  readonly sort: Sort;
  readonly showHidden: boolean;
};

/** Rows by name as they are by now; undefined for those that are gone. */
export type Changes = ReadonlyMap<Name, Entry | undefined>;

export type Replaced = {
  readonly pages: Pages;
  readonly sorted: Rows;
  /** What was there of what changed. */
  readonly before: ReadonlyMap<Name, Entry>;
};

/** Where the rows of an old page are now: undefined places for where they were, -1 for one that is gone. */
type Moved = { readonly page: number; readonly places: Int32Array | undefined };

export function replaced({ pages, sorted, sort, showHidden }: Listing, changes: Changes): Replaced {
  const isChanged = isAmong(changes);
  const before = new Map<Name, Entry>();
  const kept: EntryPage[] = [];
  const moved = pages.map((page): Moved => {
    const gone = takenFrom(page, isChanged, before);
    if (gone === undefined) return { page: kept.push(page) - 1, places: undefined };
    const left = [...page].filter((_, place) => gone[place]! >= 0);
    return { page: left.length === 0 ? 0 : kept.push(EntryPage.of(left)) - 1, places: gone };
  });
  const come = [...changes.values()].filter((entry) => entry !== undefined);
  if (come.length === 0) return { pages: kept, sorted: remapped(sorted, kept, moved), before };
  const tail = kept.at(-1);
  const joins = tail !== undefined && tail.length + come.length <= tailRows;
  const added = joins ? [EntryPage.of([...tail, ...come])] : inPages(come);
  const first = joins ? kept.length - 1 : kept.length;
  const all = [...kept.slice(0, first), ...added];
  const ids: number[] = [];
  const tailPlaces: number[] = [];
  added.forEach((page, i) => {
    for (let place = 0; place < page.length; place++) {
      if (!isChanged(page, place)) tailPlaces.push(place);
      else if (showHidden || !isHidden(page, place)) ids.push(idOf(first + i, place));
    }
  });
  // A page is in order, so what is left of the tail is in the order that it was in.
  const now = moved.map((was) => (joins && was.page === first ? behind(was, tailPlaces) : was));
  return {
    pages: all,
    sorted: withPut(remapped(sorted, all, now), Uint32Array.from(ids), sort),
    before,
  };
}

/** Where the rows of a page are once those that changed are taken out, which are put into `before`; undefined when none has. */
function takenFrom(
  page: EntryPage,
  isChanged: (page: EntryPage, place: number) => boolean,
  before: Map<Name, Entry>,
): Int32Array | undefined {
  let places: Int32Array | undefined;
  let next = 0;
  for (let place = 0; place < page.length; place++) {
    const isGone = isChanged(page, place);
    if (isGone) {
      const entry = page.at(place);
      before.set(entry.name, entry);
      places ??= Int32Array.from({ length: page.length }, (_, i) => i);
    }
    if (places !== undefined) places[place] = isGone ? -1 : next;
    if (!isGone) next += 1;
  }
  return places;
}

function inPages(entries: readonly Entry[]): EntryPage[] {
  const pages = [];
  for (let at = 0; at < entries.length; at += tailRows)
    pages.push(EntryPage.of(entries.slice(at, at + tailRows)));
  return pages;
}

/** Moved again, within the page. */
function behind({ page, places }: Moved, then: readonly number[]): Moved {
  const now = places === undefined ? Int32Array.from(then) : places.map((at) => (at < 0 ? at : then[at]!));
  return { page, places: now };
}

function remapped(rows: Rows, pages: Pages, moved: readonly Moved[]): Rows {
  const ids = new Uint32Array(rows.length);
  let count = 0;
  for (const id of rows.ids) {
    const { page, places } = moved[pageOf(id)]!;
    const place = places === undefined ? placeOf(id) : places[placeOf(id)]!;
    if (place >= 0) ids[count++] = idOf(page, place);
  }
  return new Rows(pages, ids.slice(0, count));
}
