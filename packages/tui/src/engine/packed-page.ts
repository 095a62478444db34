/**
 * A page of a listing on its way between threads: six arrays instead of thousands of objects, which the system would copy one by
 * one. Made on the I/O thread, opened on the UI thread.
 */

import type { Entry, EntryKind, Name } from '@ferry/protocol';

export type PackedPage = {
  /** One after the other; `ends` says where each one ends. */
  readonly names: Uint8Array;
  readonly ends: Uint32Array;
  readonly kinds: Uint8Array;
  readonly sizes: Float64Array;
  readonly seconds: Float64Array;
  readonly nanoseconds: Uint32Array;
  readonly modes: Uint16Array;
};

export function packPage(entries: readonly Entry[]): PackedPage {
  const count = entries.length;
  const bytes = entries.reduce((sum, { name }) => sum + name.length, 0);
  // Not from the shared pool, all of which would travel with it.
  const names = Buffer.from(new ArrayBuffer(bytes));
  const ends = new Uint32Array(count);
  const kinds = new Uint8Array(count);
  const sizes = new Float64Array(count);
  const seconds = new Float64Array(count);
  const nanoseconds = new Uint32Array(count);
  const modes = new Uint16Array(count);
  let end = 0;
  for (const [i, entry] of entries.entries()) {
    end += names.write(entry.name, end, 'latin1');
    ends[i] = end;
    kinds[i] = entry.kind;
    sizes[i] = entry.size;
    seconds[i] = entry.modified.s;
    nanoseconds[i] = entry.modified.ns;
    modes[i] = entry.mode;
  }
  return { names, ends, kinds, sizes, seconds, nanoseconds, modes };
}

export function unpackPage({ names, ends, kinds, sizes, seconds, nanoseconds, modes }: PackedPage): Entry[] {
  const bytes = Buffer.from(names.buffer, names.byteOffset, names.byteLength);
  const entries: Entry[] = [];
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i] ?? from;
    entries.push({
      // Checked where it came in.
      name: bytes.toString('latin1', from, end) as Name,
      kind: (kinds[i] ?? 0) as EntryKind,
      size: sizes[i] ?? 0,
      modified: { s: seconds[i] ?? 0, ns: nanoseconds[i] ?? 0 },
      mode: modes[i] ?? 0,
    });
    from = end;
  }
  return entries;
}
