/**
 * Which rows of a folder are marked: a bit for each, so that to mark a million costs milliseconds, and one more copies 128 KiB and makes no
 * name. Pure values; UI thread.
 */

import type { Name } from '@ferry/protocol';
import { isAmong, type Names } from './name-table.ts';
import { RowTable } from './row-table.ts';
import { idOfName, type Pages, pageOf, placeOf, places, type Rows } from './rows.ts';

/** A bit for each place of each page, by id. */
export type Bits = Uint32Array;

const bitsPerWord = 32;
const wordsPerPage = places / bitsPerWord;
const noNames: ReadonlySet<Name> = new Set();

/** Iterates over their names, in order of the pages. */
export class Marks implements Iterable<Name> {
  /** Whose rows the bits are of; pages that came behind them have none. */
  readonly pages: Pages;
  readonly bits: Bits;
  /** Names that are to be marked when they come. */
  readonly awaited: ReadonlySet<Name>;
  readonly size: number;

  constructor(pages: Pages, bits: Bits, awaited = noNames) {
    this.pages = pages;
    this.bits = bits;
    this.awaited = awaited;
    this.size = awaited.size + bitCount(bits);
  }

  has(id: number): boolean {
    return hasBit(this.bits, id);
  }

  *[Symbol.iterator](): Generator<Name, void> {
    for (const id of idsOf(this.bits)) yield this.pages[pageOf(id)]!.nameAt(placeOf(id));
    yield* this.awaited;
  }

  awaiting(awaited: ReadonlySet<Name>): Marks {
    return new Marks(this.pages, this.bits, awaited);
  }

  /** Those of some names that are marked. */
  among(names: Names): Name[] {
    if (this.size === 0) return [];
    const isNamed = isAmong(names);
    const found = [...this.awaited].filter((name) => names.has(name));
    for (const id of idsOf(this.bits)) {
      const page = this.pages[pageOf(id)]!;
      if (isNamed(page, placeOf(id))) found.push(page.nameAt(placeOf(id)));
    }
    return found;
  }
}

export const noMarks = new Marks([], new Uint32Array(0));

export function noBits(pages: Pages): Bits {
  return new Uint32Array(pages.length * wordsPerPage);
}

export function setBit(bits: Bits, id: number): void {
  bits[id >>> 5]! |= 1 << (id & 31);
}

export function hasBit(bits: Bits, id: number): boolean {
  return (((bits[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}

/** Of the rows from one to before another. */
export function bitsOf({ pages, ids }: Rows, from = 0, end = ids.length): Bits {
  const bits = noBits(pages);
  for (let row = from; row < end; row++) setBit(bits, ids[row]!);
  return bits;
}

/** How many there are, and the bytes of their files. Looks at them as they lie in memory. */
export function tally(pages: Pages, bits: Bits): { readonly rows: number; readonly bytes: number } {
  let rows = 0;
  let bytes = 0;
  for (const [number, { sizes, length }] of pages.entries()) {
    const from = number * places;
    for (let place = 0; place < length; place++) {
      const word = bits[(from + place) >>> 5] ?? 0;
      if (word === 0) place |= bitsPerWord - 1;
      else if (((word >>> (place & 31)) & 1) === 1) {
        rows += 1;
        bytes += sizes[place]!;
      }
    }
  }
  return { rows, bytes };
}

function bitCount(bits: Bits): number {
  let count = 0;
  for (let word of bits) for (; word !== 0; word &= word - 1) count += 1;
  return count;
}

function* idsOf(bits: Bits): Generator<number, void> {
  for (let at = 0; at < bits.length; at++)
    for (let word = bits[at]!; word !== 0; word &= word - 1)
      yield at * bitsPerWord + (bitsPerWord - 1 - Math.clz32(word & -word));
}

/**
 * The same marks on other pages: those of pages that are still there as they were, the others by name. What is not there any more is not
 * marked; awaited names are once they are there.
 */
export function carried(marks: Marks, pages: Pages): Marks {
  if (marks.size === 0) return noMarks;
  const isLonger = marks.pages.every((page, number) => pages[number] === page);
  const bits = noBits(pages);
  if (isLonger) bits.set(marks.bits);
  else carryBits(marks, pages, bits);
  const awaited = new Set(marks.awaited);
  for (const name of marks.awaited) {
    const id = idOfName(pages, name);
    if (id === undefined) continue;
    setBit(bits, id);
    awaited.delete(name);
  }
  return new Marks(pages, bits, awaited);
}

function carryBits(marks: Marks, pages: Pages, bits: Bits): void {
  const numbers = new Map(marks.pages.map((page, number) => [page, number]));
  const fresh: number[] = [];
  for (const [number, page] of pages.entries()) {
    const before = numbers.get(page);
    numbers.delete(page);
    if (before === undefined) fresh.push(number);
    else {
      const words = marks.bits.subarray(before * wordsPerPage, (before + 1) * wordsPerPage);
      bits.set(words, number * wordsPerPage);
    }
  }
  // What is left are pages that went. Their numbers in the table are those of the list.
  const gone = [...numbers];
  const table = new RowTable(gone.map(([page]) => page));
  for (const number of fresh) {
    const page = pages[number]!;
    for (let place = 0; place < page.length; place++) {
      const id = table.find(page, place);
      if (id === undefined) continue;
      const [, before] = gone[pageOf(id)]!;
      if (marks.has(before * places + placeOf(id))) setBit(bits, number * places + place);
    }
  }
}
