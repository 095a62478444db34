/**
 * Rows of a pane: numbers that say where an entry stands in pages of columns. The entry is made when it is looked at, so that a million
 * rows are four bytes each beside their columns. Pure values; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import { type EntryPage, nameHash } from '../engine/entry-page.ts';
import { isAmong } from './name-table.ts';

/** As they came; a page more copies none of those before it. */
export type Pages = readonly EntryPage[];

/** An id is the number of the page and the place in it. A page has fewer rows than places. */
const placeBits = 10;
export const places = 1 << placeBits;

export function idOf(page: number, place: number): number {
  return page * places + place;
}

export function pageOf(id: number): number {
  return id >>> placeBits;
}

export function placeOf(id: number): number {
  return id & (places - 1);
}

/** undefined where these pages have no such row. */
export function entryOf(pages: Pages, id: number): Entry | undefined {
  const page = pages[pageOf(id)];
  return page === undefined || placeOf(id) >= page.length ? undefined : page.at(placeOf(id));
}

export class Rows implements Iterable<Entry> {
  readonly pages: Pages;
  readonly ids: Uint32Array;

  constructor(pages: Pages, ids: Uint32Array) {
    this.pages = pages;
    this.ids = ids;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Counts from the end where it is negative. */
  at(row: number): Entry | undefined {
    const id = this.ids.at(row);
    return id === undefined ? undefined : entryOf(this.pages, id);
  }

  /** `row` must be one. */
  nameAt(row: number): Name {
    const id = this.ids[row]!;
    return this.pages[pageOf(id)]!.nameAt(placeOf(id));
  }

  /** Where the entry of that name is; -1 where there is none. */
  indexOf(name: Name): number {
    const id = idOfName(this.pages, name);
    return id === undefined ? -1 : this.ids.indexOf(id);
  }

  *[Symbol.iterator](): Generator<Entry, void> {
    for (const id of this.ids) yield this.pages[pageOf(id)]!.at(placeOf(id));
  }

  map<T>(of: (entry: Entry) => T): T[] {
    return Array.from(this, of);
  }

  /** Those whose names are among these. Costs little where these are few. */
  named(names: ReadonlySet<Name>): Rows {
    const isNamed = isAmong(names);
    return this.where((page, place) => isNamed(page, place));
  }

  /** The first row from one on, and round the end, that is one; -1 where none is. Stops after some thousand rows each time. */
  *finding(start: number, isOne: (page: EntryPage, place: number) => boolean): Generator<void, number> {
    const { pages, ids } = this;
    const near = Math.min(nearRows, ids.length);
    for (let i = 0; i < near; i++) {
      if (i % rowsPerLook === 0) yield;
      const id = ids[(start + i) % ids.length]!;
      if (isOne(pages[pageOf(id)]!, placeOf(id))) return (start + i) % ids.length;
    }
    if (near === ids.length) return -1;
    // All of them are looked at in the order in which they lie in memory, which is much faster than theirs.
    const like = noneLike(pages);
    for (const [number, page] of pages.entries()) {
      markLike(like, page, number, isOne);
      yield;
    }
    for (let i = near; i < ids.length; i++) {
      if (i % nearRows === 0) yield;
      const row = (start + i) % ids.length;
      if (like[ids[row]!] === 1) return row;
    }
    return -1;
  }

  where(isOne: (page: EntryPage, place: number, row: number) => boolean): Rows {
    const { pages, ids } = this;
    const left = new Uint32Array(ids.length);
    let count = 0;
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row]!;
      if (isOne(pages[pageOf(id)]!, placeOf(id), row)) left[count++] = id;
    }
    return new Rows(pages, left.slice(0, count));
  }
}

/** So many rows are looked at one after the other, wherever they lie in memory. */
const nearRows = 10_000;
const rowsPerLook = 1000;

/** By id whether the rows of a page are one. */
export function markLike(
  like: Uint8Array,
  page: EntryPage,
  number: number,
  isOne: (page: EntryPage, place: number) => boolean,
): void {
  const from = idOf(number, 0);
  for (let place = 0; place < page.length; place++) if (isOne(page, place)) like[from + place] = 1;
}

/** As large as {@link markLike} needs it. */
export function noneLike(pages: Pages): Uint8Array {
  return new Uint8Array(pages.length * places);
}

export const noRows = new Rows([], new Uint32Array(0));

/** undefined where no entry has that name. */
export function idOfName(pages: Pages, name: Name): number | undefined {
  const hash = nameHash(name);
  for (let page = 0; page < pages.length; page++) {
    const place = pages[page]!.indexOf(name, hash);
    if (place >= 0) return idOf(page, place);
  }
  return undefined;
}
