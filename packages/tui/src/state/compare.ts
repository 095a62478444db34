/** What differs between the folders of both sides, name by name. Pure; UI thread. */

import { EntryKind, type Name } from '@ferry/protocol';
import type { EntryPage } from '../engine/entry-page.ts';
import { RowTable } from './row-table.ts';
import { type Pages, pageOf, placeOf } from './rows.ts';

/** `same`: of the same kind, size and time; folders of the same name are, whatever is in them. */
export type Difference = 'only' | 'newer' | 'older' | 'differs' | 'same';

/** What entries are against those of the other side: of most that is the same, so others alone are kept by name. */
export class Compared {
  readonly #others: ReadonlyMap<Name, Difference>;

  constructor(others: ReadonlyMap<Name, Difference>) {
    this.#others = others;
  }

  /** Of an entry that was compared. */
  get(name: Name): Difference {
    return this.#others.get(name) ?? 'same';
  }

  /** Those that have something that the other side has not. */
  worthCopying(): ReadonlySet<Name> {
    const names = new Set<Name>();
    for (const [name, difference] of this.#others) if (isWorthCopying(difference)) names.add(name);
    return names;
  }
}

/** Some file systems keep times by two seconds. */
const sameTimeSeconds = 2;

/** What `entries` are against those of the other side. */
export function compareWith(entries: Pages, others: Pages): Compared {
  const there = new RowTable(others);
  const found = new Map<Name, Difference>();
  for (const page of entries) {
    for (let place = 0; place < page.length; place++) {
      const id = there.find(page, place);
      const is = id === undefined ? 'only' : difference(page, place, others[pageOf(id)]!, placeOf(id));
      if (is !== 'same') found.set(page.nameAt(place), is);
    }
  }
  return new Compared(found);
}

function difference(a: EntryPage, i: number, b: EntryPage, j: number): Difference {
  if (a.kinds[i] !== b.kinds[j]) return 'differs';
  if (a.kinds[i] === EntryKind.folder) return 'same';
  const later = a.seconds[i]! - b.seconds[j]!;
  const nanoseconds = a.nanoseconds[i]! - b.nanoseconds[j]!;
  if (later > sameTimeSeconds || (later === sameTimeSeconds && nanoseconds > 0)) return 'newer';
  if (later < -sameTimeSeconds || (later === -sameTimeSeconds && nanoseconds < 0)) return 'older';
  return a.sizes[i] === b.sizes[j] ? 'same' : 'differs';
}

function isWorthCopying(difference: Difference): boolean {
  return difference === 'only' || difference === 'newer' || difference === 'differs';
}
