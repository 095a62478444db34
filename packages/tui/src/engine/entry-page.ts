/**
 * A page of a listing in columns: a million entries as objects are work for the collector of garbage at every key, and the system copies
 * them one by one between threads. An entry is made when somebody looks at it. Made on the I/O thread, handed over to the UI thread.
 */

import { isAscii } from 'node:buffer';
import { type Entry, EntryKind, limits, type Name } from '@ferry/protocol';
import { mergeSorted } from './merge-sort.ts';
import { commonStart, nameKey } from './name-keys.ts';
import { compareNatural } from './name-order.ts';

/** Entries as they come: an array of them, or columns that give them one by one. */
export type Entries = Iterable<Entry> & { readonly length: number };

/** As it goes from thread to thread: the buffer is handed over, not copied. */
export type PackedPage = { readonly count: number; readonly prefix: number; readonly buffer: ArrayBuffer };

/** Bytes of a row beside its name: size, seconds, key, nanoseconds, beginning, end, hash, mode, kind. */
const rowBytes = 8 + 8 + 8 + 4 + 4 + 4 + 4 + 2 + 1;

/** Added to a folder's key: all of them are below all others. */
const folderKey = -(2 ** 49);

/** In natural order of the names. Its columns are not written to once it is made. */
export class EntryPage {
  readonly length: number;
  readonly buffer: ArrayBuffer;
  readonly sizes: Float64Array;
  readonly seconds: Float64Array;
  /** How many bytes all the names begin with, and keys of what follows, folders first; see name-keys. */
  readonly prefix: number;
  readonly keys: Float64Array;
  readonly nanoseconds: Uint32Array;
  /** Where each name begins and ends in `names`, which has them in any order. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Of the names, see {@link nameHash}. */
  readonly hashes: Uint32Array;
  readonly modes: Uint16Array;
  readonly kinds: Uint8Array;
  readonly names: Buffer;
  #isAscii: boolean | undefined;

  constructor({ count, prefix, buffer }: PackedPage) {
    this.length = count;
    this.buffer = buffer;
    this.sizes = new Float64Array(buffer, 0, count);
    this.seconds = new Float64Array(buffer, 8 * count, count);
    this.prefix = prefix;
    this.keys = new Float64Array(buffer, 16 * count, count);
    this.nanoseconds = new Uint32Array(buffer, 24 * count, count);
    this.starts = new Uint32Array(buffer, 28 * count, count);
    this.ends = new Uint32Array(buffer, 32 * count, count);
    this.hashes = new Uint32Array(buffer, 36 * count, count);
    this.modes = new Uint16Array(buffer, 40 * count, count);
    this.kinds = new Uint8Array(buffer, 42 * count, count);
    this.names = Buffer.from(buffer, rowBytes * count);
  }

  /** At most limits.pageEntries of them. */
  static of(entries: readonly Entry[]): EntryPage {
    const count = entries.length;
    const bytes = entries.reduce((sum, { name }) => sum + name.length, 0);
    const buffer = new ArrayBuffer(rowBytes * count + bytes);
    const names = Buffer.from(buffer, rowBytes * count);
    const bounds = new Uint32Array(count + 1);
    for (let i = 0; i < count; i++) bounds[i + 1] = putName(names, entries[i]!.name, bounds[i]!);
    const starts = bounds.subarray(0, count);
    const ends = bounds.subarray(1);
    const prefix = commonStart(names, starts, ends);
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i++) keys[i] = nameKey(names, starts[i]! + prefix, ends[i]!);
    const order = mergeSorted(
      Uint32Array.from(entries.keys()),
      (a, b) =>
        keys[a]! - keys[b]! || compareNatural(names, starts[a]!, ends[a]!, names, starts[b]!, ends[b]!),
    );
    const page = new EntryPage({ count, prefix, buffer });
    for (let i = 0; i < count; i++) {
      const from = order[i]!;
      const { kind, size, modified, mode } = entries[from]!;
      page.starts[i] = starts[from]!;
      page.ends[i] = ends[from]!;
      page.hashes[i] = hashOfBytes(names, starts[from]!, ends[from]!);
      page.keys[i] = keys[from]! + (kind === EntryKind.folder ? folderKey : 0);
      page.kinds[i] = kind;
      page.sizes[i] = size;
      page.seconds[i] = modified.s;
      page.nanoseconds[i] = modified.ns;
      page.modes[i] = mode;
    }
    return page;
  }

  nameAt(i: number): Name {
    // Checked where it came in.
    return this.names.toString('latin1', this.starts[i], this.ends[i]) as Name;
  }

  at(i: number): Entry {
    return {
      name: this.nameAt(i),
      kind: this.kinds[i] as EntryKind,
      size: this.sizes[i]!,
      modified: { s: this.seconds[i]!, ns: this.nanoseconds[i]! },
      mode: this.modes[i]!,
    };
  }

  isNamed(i: number, name: Name): boolean {
    const from = this.starts[i]!;
    if (this.ends[i]! - from !== name.length) return false;
    for (let at = 0; at < name.length; at++) if (this.names[from + at] !== name.charCodeAt(at)) return false;
    return true;
  }

  /** No name has a byte beyond ASCII. */
  get isAscii(): boolean {
    this.#isAscii ??= isAscii(this.names);
    return this.#isAscii;
  }

  /** Where the entry of that name is; -1 where there is none. */
  indexOf(name: Name, hash = nameHash(name)): number {
    let at = this.hashes.indexOf(hash);
    while (at >= 0 && !this.isNamed(at, name)) at = this.hashes.indexOf(hash, at + 1);
    return at;
  }

  *[Symbol.iterator](): Generator<Entry, void> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** What all the names begin with. */
  start(): string {
    const from = this.starts[0] ?? 0;
    return this.names.toString('latin1', from, from + this.prefix);
  }
}

function putName(names: Buffer, name: Name, at: number): number {
  for (let i = 0; i < name.length; i++) names[at + i] = name.charCodeAt(i);
  return at + name.length;
}

/** Any number of entries as pages. */
export function pagesOf(entries: Entries): readonly EntryPage[] {
  if (entries instanceof EntryPage) return [entries];
  const all = [...entries];
  const pages: EntryPage[] = [];
  for (let at = 0; at < all.length; at += limits.pageEntries)
    pages.push(EntryPage.of(all.slice(at, at + limits.pageEntries)));
  return pages;
}

const hashStart = 0x811c9dc5;

/** 32 bits that tell most names apart. Whoever makes names that have the same gains that we look at both. */
export function nameHash(name: Name): number {
  let hash = hashStart;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function hashOfBytes(bytes: Uint8Array, from: number, end: number): number {
  let hash = hashStart;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
