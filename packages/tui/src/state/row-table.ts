/** Rows of pages found by the names of rows of others: by hash and bytes, so that no name is made of a million rows. Pure; UI thread. */

import type { Name } from '@ferry/protocol';
import type { EntryPage } from '../engine/entry-page.ts';
import { compareBytes } from '../engine/name-order.ts';
import { idOf, type Pages, pageOf, placeOf } from './rows.ts';

/** Names that somebody has made to have the same hash cost so many looks, and then one by their text. */
const mostLooks = 16;

export class RowTable {
  readonly #pages: Pages;
  /** Ids and one, by hash or some places behind; a power of two of them. */
  readonly #slots: Uint32Array;
  /** Those that have found no place. */
  readonly #others = new Map<Name, number>();

  constructor(pages: Pages) {
    this.#pages = pages;
    const count = pages.reduce((sum, { length }) => sum + length, 0);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 2)));
    for (const [number, page] of pages.entries())
      for (let place = 0; place < page.length; place++) this.#put(page, number, place);
  }

  /** The id of the row that has the name of one of another listing; undefined where there is none. */
  find(page: EntryPage, place: number): number | undefined {
    const mask = this.#slots.length - 1;
    const hash = page.hashes[place]!;
    for (let look = 0; look < mostLooks; look++) {
      const id = this.#slots[(hash + look) & mask]! - 1;
      if (id < 0) return undefined;
      if (isSameName(page, place, this.#pages[pageOf(id)]!, placeOf(id))) return id;
    }
    return this.#others.get(page.nameAt(place));
  }

  #put(page: EntryPage, number: number, place: number): void {
    const mask = this.#slots.length - 1;
    const hash = page.hashes[place]!;
    for (let look = 0; look < mostLooks; look++) {
      const slot = (hash + look) & mask;
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = idOf(number, place) + 1;
      return;
    }
    this.#others.set(page.nameAt(place), idOf(number, place));
  }
}

function isSameName(a: EntryPage, i: number, b: EntryPage, j: number): boolean {
  if (a.hashes[i] !== b.hashes[j]) return false;
  return compareBytes(a.names, a.starts[i]!, a.ends[i]!, b.names, b.starts[j]!, b.ends[j]!) === 0;
}
