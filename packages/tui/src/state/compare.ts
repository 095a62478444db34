/** What differs between the folders of both sides, name by name. Pure; UI thread. */

import { type Entry, EntryKind, type Name, timeToNs } from '@ferry/protocol';

/** `same`: of the same kind, size and time; folders of the same name are, whatever is in them. */
export type Difference = 'only' | 'newer' | 'older' | 'differs' | 'same';

export type Compared = ReadonlyMap<Name, Difference>;

/** Some file systems keep times by two seconds. */
const sameTimeNs = 2_000_000_000n;

/** What `entries` are against those of the other side. */
export function compareWith(entries: Iterable<Entry>, others: Iterable<Entry>): Compared {
  const there = new Map<Name, Entry>();
  for (const entry of others) there.set(entry.name, entry);
  const found = new Map<Name, Difference>();
  for (const entry of entries) found.set(entry.name, difference(entry, there.get(entry.name)));
  return found;
}

function difference(entry: Entry, other: Entry | undefined): Difference {
  if (other === undefined) return 'only';
  if (entry.kind !== other.kind) return 'differs';
  if (entry.kind === EntryKind.folder) return 'same';
  const later = timeToNs(entry.modified) - timeToNs(other.modified);
  if (later > sameTimeNs) return 'newer';
  if (later < -sameTimeNs) return 'older';
  return entry.size === other.size ? 'same' : 'differs';
}

/** Whether this side has something that the other one has not. */
export function isWorthCopying(difference: Difference | undefined): boolean {
  return difference === 'only' || difference === 'newer' || difference === 'differs';
}
