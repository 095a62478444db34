/**
 * Rows of a large folder put in order and filtered in slices, so that keys are answered in between: pages are sorted as they are, runs are
 * merged two by two, and the last one with what is in order already. Pure: who calls `next` decides how long a slice is. UI thread.
 */

import { EntryKind } from '@ferry/protocol';
import type { EntryPage } from '../engine/entry-page.ts';
import { type CompareIds, Merge, mergeSorted } from '../engine/merge-sort.ts';
import { rowFilter } from './match.ts';
import { idOf, markLike, noneLike, type Pages, pageOf, placeOf, Rows } from './rows.ts';
import { comparison, type Sort } from './sort.ts';

export type Ordering = {
  /** In order already, hidden ones left out: those of the pages before `from`. */
  readonly base: Rows;
  /** All that are in order then. */
  readonly pages: Pages;
  /** The first page that is in no order yet. */
  readonly from: number;
  readonly sort: Sort;
  readonly showHidden: boolean;
  /** '' for none. */
  readonly filter: string;
  /** What an earlier filter has left of `base`, where this one leaves a part of that and nothing is to be put in order. */
  readonly within?: Rows | undefined;
};

export type Ordered = {
  readonly sorted: Rows;
  /** Those of them that the filter leaves. */
  readonly rows: Rows;
};

/** Rows that are merged between two looks at the clock. */
const rowsPerSlice = 1000;
const dot = 46;

export function isHidden({ names, starts }: EntryPage, place: number): boolean {
  return names[starts[place]!] === dot;
}

/** Stops after a thousand rows or a few each time; the rows at the end. */
export function* inOrder(ordering: Ordering): Generator<void, Ordered> {
  const { filter, within } = ordering;
  const sorted = yield* inOrderAll(ordering);
  return { sorted, rows: filter === '' ? sorted : yield* left(within ?? sorted, filter) };
}

function* inOrderAll({ base, pages, from, sort, showHidden }: Ordering): Generator<void, Rows> {
  if (from === pages.length && base.length > 0) return base;
  const compare = comparison(pages, sort);
  let ends: number[] = [];
  const count = pages.slice(from).reduce((sum, { length }) => sum + length, 0);
  let ids = new Uint32Array(count);
  let end = 0;
  for (let page = from; page < pages.length; page++) {
    const run = pageInOrder(pages, page, sort, showHidden, compare);
    ids.set(run, end);
    end += run.length;
    if (run.length > 0) ends.push(end);
    yield;
  }
  let spare = new Uint32Array(end);
  while (ends.length > 1) {
    const longer: number[] = [];
    for (let i = 0; i < ends.length; i += 2) {
      const start = ends[i - 1] ?? 0;
      const middle = ends[i] ?? end;
      const stop = ends[i + 1] ?? middle;
      yield* merged(new Merge(ids, start, middle, ids, middle, stop), spare, start, stop, compare);
      longer.push(stop);
    }
    [ids, spare, ends] = [spare, ids, longer];
  }
  if (base.length === 0) return new Rows(pages, ids.length === end ? ids : ids.slice(0, end));
  const rows = new Uint32Array(base.length + end);
  yield* merged(new Merge(base.ids, 0, base.length, ids, 0, end), rows, 0, rows.length, compare);
  return new Rows(pages, rows);
}

/** What a filter leaves. */
function* left(all: Rows, filter: string): Generator<void, Rows> {
  const isLeft = rowFilter(filter);
  const { pages } = all;
  // Most of the pages' rows are faster looked at as they lie in memory.
  const isMost = all.length > (pages.length * rowsPerSlice) / 4;
  const like = noneLike(isMost ? pages : []);
  for (let page = 0; isMost && page < pages.length; page++) {
    markLike(like, pages[page]!, page, isLeft);
    yield;
  }
  const ids = new Uint32Array(all.length);
  let count = 0;
  for (let row = 0; row < all.length; row++) {
    if (row % rowsPerSlice === 0) yield;
    const id = all.ids[row]!;
    if (isMost ? like[id] === 1 : isLeft(pages[pageOf(id)]!, placeOf(id))) ids[count++] = id;
  }
  return new Rows(pages, ids.slice(0, count));
}

/** All at once. */
export function inOrderNow(ordering: Ordering): Ordered {
  const work = inOrder(ordering);
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

function* merged(
  merge: Merge,
  target: Uint32Array,
  from: number,
  end: number,
  compare: CompareIds,
): Generator<void, void> {
  for (let at = from; at < end; ) {
    at += merge.into(target, at, rowsPerSlice, compare);
    yield;
  }
}

/** A page is in natural order of its names: what is equal in all else needs no sorting, and folders go first by being picked. */
function pageInOrder(
  pages: Pages,
  page: number,
  { by, reverse, foldersFirst }: Sort,
  showHidden: boolean,
  compare: CompareIds,
): Uint32Array {
  const columns = pages[page]!;
  const ids = new Uint32Array(columns.length);
  let count = 0;
  const pick = (isWanted: (place: number) => boolean): void => {
    for (let place = 0; place < columns.length; place++)
      if ((showHidden || !isHidden(columns, place)) && isWanted(place)) ids[count++] = idOf(page, place);
  };
  const isFolder = (place: number): boolean => columns.kinds[place] === EntryKind.folder;
  if (foldersFirst) pick(isFolder);
  const folders = count;
  pick((place) => !foldersFirst || !isFolder(place));
  const visible = ids.subarray(0, count);
  if (by !== 'name') return mergeSorted(visible, compare);
  if (reverse) {
    visible.subarray(0, folders).reverse();
    visible.subarray(folders).reverse();
  }
  return visible;
}

/** The rows with some put into their places; the others are in order. Their pages hold both. */
export function withPut(rows: Rows, come: Uint32Array, sort: Sort): Rows {
  const compare = comparison(rows.pages, sort);
  const { ids } = rows;
  const all = new Uint32Array(ids.length + come.length);
  let from = 0;
  let to = 0;
  for (const id of mergeSorted(come, compare)) {
    const at = placeAmong(ids, id, from, compare);
    all.set(ids.subarray(from, at), to);
    to += at - from;
    all[to++] = id;
    from = at;
  }
  all.set(ids.subarray(from), to);
  return new Rows(rows.pages, all);
}

/** Where a row would stand among those in order from `low` on. */
function placeAmong(ids: Uint32Array, id: number, low: number, compare: CompareIds): number {
  let from = low;
  let end = ids.length;
  while (from < end) {
    const middle = (from + end) >> 1;
    if (compare(ids[middle]!, id) < 0) from = middle + 1;
    else end = middle;
  }
  return from;
}
