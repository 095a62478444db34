/**
 * Some names, to be asked of rows whether theirs is one of them: by its hash and its bytes, so that no name is made of a million rows. Pure;
 * UI thread.
 */

import type { Name } from '@ferry/protocol';
import { type EntryPage, nameHash } from '../engine/entry-page.ts';

/** A set of names, or a map by names. Never changed once it is asked about. */
export type Names = { readonly size: number; has(name: Name): boolean; keys(): Iterable<Name> };

/** Names that somebody has made to have the same hash cost so many looks, and then one by their text. */
const mostLooks = 16;

class NameTable {
  readonly #names: Names;
  readonly #list: Name[] = [];
  readonly #hashes: Uint32Array;
  /** Numbers of names, from one on, by hash or some places behind; a power of two of them. */
  readonly #slots: Uint32Array;

  constructor(names: Names) {
    this.#names = names;
    this.#hashes = new Uint32Array(names.size);
    this.#slots = new Uint32Array(2 ** Math.max(10, Math.ceil(Math.log2(4 * names.size))));
    for (const name of names.keys()) this.#put(name);
  }

  readonly has = (page: EntryPage, place: number): boolean => {
    const hash = page.hashes[place]!;
    const mask = this.#slots.length - 1;
    for (let look = 0; look < mostLooks; look++) {
      const number = this.#slots[(hash + look) & mask]!;
      if (number === 0) return false;
      if (this.#hashes[number - 1] === hash && page.isNamed(place, this.#list[number - 1]!)) return true;
    }
    return this.#names.has(page.nameAt(place));
  };

  #put(name: Name): void {
    const hash = nameHash(name);
    const mask = this.#slots.length - 1;
    for (let look = 0; look < mostLooks; look++) {
      const slot = (hash + look) & mask;
      if (this.#slots[slot] !== 0) continue;
      this.#hashes[this.#list.length] = hash;
      this.#slots[slot] = this.#list.push(name);
      return;
    }
  }
}

const tables = new WeakMap<Names, NameTable>();

/** Whether an entry's name is one of these. */
export function isAmong(names: Names): (page: EntryPage, place: number) => boolean {
  if (names.size === 0) return () => false;
  const known = tables.get(names) ?? new NameTable(names);
  tables.set(names, known);
  return known.has;
}
