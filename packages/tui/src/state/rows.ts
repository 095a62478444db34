/**
 * Rows of a pane: numbers that say where an entry stands in pages of columns. The entry is made when it is looked at, so that a million
 * rows are four bytes each beside their columns. Pure values; UI thread.
 */

import type { Entry, Name } from '@ferry/protocol';
import { type EntryPage, nameHash } from '../engine/entry-page.ts';

/** As they came; a page more copies none of those before it. */
export type Pages = readonly EntryPage[];

/** An id is the number of the page and the place in it. A page has fewer rows than places. */
const placeBits = 10;
const places = 1 << placeBits;

export function idOf(page: number, place: number): number {
  return page * places + place;
}

export function pageOf(id: number): number {
  return id >>> placeBits;
}

export function placeOf(id: number): number {
  return id & (places - 1);
}

export function entryOf(pages: Pages, id: number): Entry | undefined {
  return pages[pageOf(id)]?.at(placeOf(id));
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

export const noRows = new Rows([], new Uint32Array(0));

/** The entries of all pages. */
export function* allOf(pages: Pages): Generator<Entry, void> {
  for (const page of pages) yield* page;
}

/** undefined where no entry has that name. */
export function idOfName(pages: Pages, name: Name): number | undefined {
  const hash = nameHash(name);
  for (let page = 0; page < pages.length; page++) {
    const place = pages[page]!.indexOf(name, hash);
    if (place >= 0) return idOf(page, place);
  }
  return undefined;
}

/** Bits of a hash that are looked at before a name is made. */
const sieveBits = 16;

/** Whether an entry's name is one of these; makes the names of few others. */
export function isAmong(names: {
  readonly size: number;
  has(name: Name): boolean;
  keys(): Iterable<Name>;
}): (page: EntryPage, place: number) => boolean {
  if (names.size === 0) return () => false;
  const mask = 2 ** sieveBits - 1;
  const sieve = new Uint8Array(mask + 1);
  for (const name of names.keys()) sieve[nameHash(name) & mask] = 1;
  return (page, place) => sieve[page.hashes[place]! & mask] === 1 && names.has(page.nameAt(place));
}
