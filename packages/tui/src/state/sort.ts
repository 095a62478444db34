/** The order of a pane's rows. Pure; UI thread. */

import { EntryKind } from '@ferry/protocol';
import type { EntryPage } from '../engine/entry-page.ts';
import type { CompareIds } from '../engine/merge-sort.ts';
import { compareBytes, compareNatural } from '../engine/name-order.ts';
import { type Pages, pageOf, placeOf } from './rows.ts';

/** `name` counts as people do (`file2` before `file10`), `bytes` goes by the bytes alone. */
export type SortBy = 'name' | 'bytes' | 'extension' | 'size' | 'modified' | 'permissions';

export type Sort = {
  readonly by: SortBy;
  readonly reverse: boolean;
  readonly foldersFirst: boolean;
};

export const usualSort: Sort = { by: 'name', reverse: false, foldersFirst: true };

type Compare = (a: EntryPage, i: number, b: EntryPage, j: number) => number;

const byName: Compare = (a, i, b, j) =>
  compareNatural(a.names, a.starts[i]!, a.ends[i]!, b.names, b.starts[j]!, b.ends[j]!);

const keys: Readonly<Record<SortBy, Compare>> = {
  name: byName,
  bytes: (a, i, b, j) => compareBytes(a.names, a.starts[i]!, a.ends[i]!, b.names, b.starts[j]!, b.ends[j]!),
  extension: (a, i, b, j) =>
    compareBytes(a.names, extensionStart(a, i), a.ends[i]!, b.names, extensionStart(b, j), b.ends[j]!),
  size: (a, i, b, j) => b.sizes[j]! - a.sizes[i]!,
  modified: (a, i, b, j) => b.seconds[j]! - a.seconds[i]! || b.nanoseconds[j]! - a.nanoseconds[i]!,
  permissions: (a, i, b, j) => a.modes[i]! - b.modes[j]!,
};

const dot = 46;

/** Where what stands after the last dot begins; at the end without one, and for names that only begin with one. */
function extensionStart({ names, starts, ends }: EntryPage, i: number): number {
  const end = ends[i]!;
  const start = starts[i]!;
  for (let at = end - 1; at > start; at--) if (names[at] === dot) return at + 1;
  return end;
}

const folderFirst = ({ kinds }: EntryPage, i: number): number => (kinds[i] === EntryKind.folder ? 0 : 1);

/** By name, which is what a large folder is shown by: by keys wherever both pages have them of names that begin alike. */
function comparisonByName(pages: Pages, { reverse, foldersFirst }: Sort): CompareIds {
  const sign = reverse ? -1 : 1;
  const keys = pages.map((page) => page.keys);
  const starts = startsOf(pages, foldersFirst);
  return (idA, idB) => {
    const pageA = pageOf(idA);
    const pageB = pageOf(idB);
    const i = placeOf(idA);
    const j = placeOf(idB);
    if (starts[pageA] === starts[pageB]) {
      const a = keys[pageA]![i]!;
      const b = keys[pageB]![j]!;
      // Those of folders are below zero.
      if (a !== b) return a < 0 === b < 0 ? (a - b) * sign : a - b;
    }
    const a = pages[pageA]!;
    const b = pages[pageB]!;
    const folders = foldersFirst ? folderFirst(a, i) - folderFirst(b, j) : 0;
    return folders === 0 ? byName(a, i, b, j) * sign : folders;
  };
}

/** By page the number of what its names begin with; NaN, which equals nothing, where folders are not to come first but would. */
function startsOf(pages: Pages, foldersFirst: boolean): Float64Array {
  const known = new Map<string, number>();
  return Float64Array.from(pages, (page) => {
    if (!foldersFirst && page.kinds.includes(EntryKind.folder)) return Number.NaN;
    const start = page.start();
    const found = known.get(start) ?? known.size;
    known.set(start, found);
    return found;
  });
}

/** Of ids in these pages. The largest and the newest first; what is equal goes by name, never the other way round. */
export function comparison(pages: Pages, sort: Sort): CompareIds {
  const { by, reverse, foldersFirst } = sort;
  if (by === 'name') return comparisonByName(pages, sort);
  const key = keys[by];
  const sign = reverse ? -1 : 1;
  return (idA, idB) => {
    const a = pages[pageOf(idA)]!;
    const b = pages[pageOf(idB)]!;
    const i = placeOf(idA);
    const j = placeOf(idB);
    if (foldersFirst) {
      const folders = folderFirst(a, i) - folderFirst(b, j);
      if (folders !== 0) return folders;
    }
    const order = key(a, i, b, j);
    return order === 0 ? byName(a, i, b, j) : order * sign;
  };
}
