/** The hidden folder of partial files, as somebody sees it who looks from outside. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type Partials = {
  /** Names in the folder. */
  readonly names: readonly string[];
  /** In the partial files. */
  readonly bytes: number;
  /** Blocks that the journals tell of, all together. */
  readonly records: number;
};

export const recordBytes = 40;

/** `folder` is the one that `.ferry` lies in. What vanishes meanwhile counts as not there. */
export function partialsIn(folder: string): Partials {
  const place = partialsFolder(folder);
  const names = orElse(() => readdirSync(place), []);
  let bytes = 0;
  let records = 0;
  for (const name of names) {
    if (name.endsWith('.journal')) records += orElse(() => recordsIn(readFileSync(join(place, name))), 0);
    else bytes += orElse(() => statSync(join(place, name)).size, 0);
  }
  return { names, bytes, records };
}

export function partialsFolder(folder: string): string {
  return join(folder, '.ferry/part');
}

/** Different blocks that a journal tells of. */
export function recordsIn(journal: Buffer): number {
  const blocks = new Set<number>();
  for (let at = headBytes(journal); at + recordBytes <= journal.length; at += recordBytes) {
    const index = journal.readUInt32BE(at);
    if (index < 0xfffffffe) blocks.add(index);
  }
  return blocks.size;
}

/** Where a journal's first record begins. */
export function headBytes(journal: Buffer): number {
  return journal.length < 4 ? journal.length : 8 + journal.readUInt32BE(0);
}

function orElse<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
