/** The order of a pane's rows as one would write it for entries: what the order of columns is compared with. */

import { compareTime, type Entry, EntryKind, type Name } from '@ferry/protocol';
import type { Sort, SortBy } from '@ferry/tui/state/sort';

const zero = 48;

function isDigit(code: number): boolean {
  return code >= zero && code <= 57;
}

/** Runs of digits count as the number that they are; leading zeros decide only between equal numbers. */
export function compareNatural(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === end) return a.length - b.length;
  const raw = a.charCodeAt(at) - b.charCodeAt(at);
  if (!isDigit(a.charCodeAt(at)) && !isDigit(b.charCodeAt(at))) return raw;
  let from = at;
  while (from > 0 && isDigit(a.charCodeAt(from - 1))) from -= 1;
  const endA = runEnd(a, at);
  const endB = runEnd(b, at);
  if (endA === from || endB === from) return raw;
  const startA = withoutZeros(a, from, endA);
  const startB = withoutZeros(b, from, endB);
  const longer = endA - startA - (endB - startB);
  if (longer !== 0) return longer;
  for (let i = 0; startA + i < endA; i++) {
    const digit = a.charCodeAt(startA + i) - b.charCodeAt(startB + i);
    if (digit !== 0) return digit;
  }
  return raw;
}

function runEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function withoutZeros(text: string, from: number, end: number): number {
  let start = from;
  while (start < end && text.charCodeAt(start) === zero) start += 1;
  return start;
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What stands after the last dot; '' without one, and for names that only begin with one. */
function extensionOf(name: Name): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1) : '';
}

type Compare = (a: Entry, b: Entry) => number;

const keys: Readonly<Record<SortBy, Compare>> = {
  name: (a, b) => compareNatural(a.name, b.name),
  bytes: (a, b) => compareBytes(a.name, b.name),
  extension: (a, b) => compareBytes(extensionOf(a.name), extensionOf(b.name)),
  size: (a, b) => b.size - a.size,
  modified: (a, b) => compareTime(b.modified, a.modified),
  permissions: (a, b) => a.mode - b.mode,
};

const folderFirst = (entry: Entry): number => (entry.kind === EntryKind.folder ? 0 : 1);

/** The largest and the newest first; what is equal goes by name, never the other way round. */
function comparison({ by, reverse, foldersFirst }: Sort): Compare {
  const key = keys[by];
  const sign = reverse ? -1 : 1;
  return (a, b) => {
    if (foldersFirst) {
      const folders = folderFirst(a) - folderFirst(b);
      if (folders !== 0) return folders;
    }
    const order = key(a, b);
    return order === 0 ? compareNatural(a.name, b.name) : order * sign;
  };
}

export function sorted(entries: readonly Entry[], sort: Sort): Entry[] {
  return entries.toSorted(comparison(sort));
}
