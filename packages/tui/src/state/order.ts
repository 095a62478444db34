/**
 * Rows of a large folder put in order in slices, so that keys are answered in between: pages are sorted as they are, runs are
 * merged two by two, and the last one with what is in order already. Pure: who calls `next` decides how long a slice is. UI thread.
 */

import type { Entry } from '@ferry/protocol';
import { comparison, type Sort, sorted } from './sort.ts';

export type Ordering = {
  /** In order already, hidden ones left out. */
  readonly base: readonly Entry[];
  /** What comes to it, in any order. */
  readonly pages: readonly (readonly Entry[])[];
  /** How many of the listing's pages are in order then. */
  readonly upTo: number;
  readonly sort: Sort;
  readonly showHidden: boolean;
};

/** Rows that are merged between two looks at the clock. */
const rowsPerSlice = 1000;

export function visible(entries: readonly Entry[], showHidden: boolean): readonly Entry[] {
  return showHidden ? entries : entries.filter(({ name }) => !name.startsWith('.'));
}

/** Stops after about a thousand rows each time; the rows at the end. */
export function* inOrder({ base, pages, sort, showHidden }: Ordering): Generator<void, readonly Entry[]> {
  const compare = comparison(sort);
  let runs: (readonly Entry[])[] = [];
  for (const page of pages) {
    runs.push(sorted(visible(page, showHidden), sort));
    yield;
  }
  while (runs.length > 1) {
    const longer: (readonly Entry[])[] = [];
    for (let i = 0; i < runs.length; i += 2)
      longer.push(yield* merged(runs[i] ?? [], runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return yield* merged(base, runs[0] ?? [], compare);
}

/** What is equal comes from `a` first. */
function* merged(
  a: readonly Entry[],
  b: readonly Entry[],
  compare: (a: Entry, b: Entry) => number,
): Generator<void, readonly Entry[]> {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const rows = new Array<Entry>(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let at = 0; at < rows.length; at++) {
    if (at % rowsPerSlice === 0) yield;
    const left = a[i];
    const right = b[j];
    if (right === undefined || (left !== undefined && compare(left, right) <= 0)) {
      rows[at] = left!;
      i += 1;
    } else {
      rows[at] = right;
      j += 1;
    }
  }
  return rows;
}
