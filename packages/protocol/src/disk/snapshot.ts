/**
 * What a folder held when it was read, to be compared with what it holds by now: for file systems that say nothing of changes. I/O
 * threads of both programs, and a server's watching thread.
 */

import type { Entry } from '../entry.ts';
import type { FolderNews } from '../folder-news.ts';
import { limits } from '../limits.ts';
import type { Name } from '../path.ts';

/** Rows of a larger folder are not kept one by one: of a change there it is only known that there was one. */
export const keptRows = 20_000;

export class Snapshot {
  readonly #rows = new Map<Name, string>();
  /** Of all rows together, in whatever order they came: two sums of 32 bits. */
  #sumA = 0;
  #sumB = 0;
  #count = 0;

  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const key = rowKey(entry);
      this.#count += 1;
      const [a, b] = hashOf(`${entry.name}/${key}`);
      this.#sumA ^= a;
      this.#sumB ^= b;
      if (this.#count <= keptRows) this.#rows.set(entry.name, key);
      else this.#rows.clear();
    }
  }

  /** What is different in `now`; undefined for nothing. Its rows are looked up with `entryOf`. */
  difference(now: Snapshot, entryOf: (name: Name) => Entry | undefined): FolderNews | undefined {
    if (this.#count === now.#count && this.#sumA === now.#sumA && this.#sumB === now.#sumB) return undefined;
    if (this.#count > keptRows || now.#count > keptRows) return { kind: 'again' };
    const gone = [...this.#rows.keys()].filter((name) => !now.#rows.has(name));
    const changed = [...now.#rows]
      .filter(([name, key]) => this.#rows.get(name) !== key)
      .map(([name]) => name);
    if (gone.length + changed.length > limits.newsRows) return { kind: 'again' };
    const entries = changed.map((name) => entryOf(name)).filter((entry) => entry !== undefined);
    return { kind: 'changed', entries, gone };
  }
}

/** All of a row but its name: equal as long as a listing would show the same. */
export function rowKey({ kind, size, modified, mode }: Entry): string {
  return `${kind} ${size} ${modified.s} ${modified.ns} ${mode}`;
}

/** 64 bits, after cyrb53: nobody gains by two rows of one sum. */
function hashOf(text: string): readonly [a: number, b: number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    a = Math.imul(a ^ char, 2654435761);
    b = Math.imul(b ^ char, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a, b];
}
