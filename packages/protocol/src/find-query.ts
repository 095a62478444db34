/** What is looked for in a tree. Pure; both ends. */

import { type Entry, EntryKind } from './entry.ts';
import { glob } from './glob.ts';
import { bytesOf, type Name } from './path.ts';

export type FindQuery = {
  /** A pattern for the name, see glob. */
  readonly name: string | undefined;
  /** `A` and `a` are one, in the name and (ASCII letters) in the content. */
  readonly anyCase: boolean;
  readonly kind: EntryKind | undefined;
  /** Bytes, of files alone; both included. */
  readonly minSize: number | undefined;
  readonly maxSize: number | undefined;
  /** When it was changed last, seconds since 1970; both included. */
  readonly after: number | undefined;
  readonly before: number | undefined;
  /** Text that a file has in one of its lines. */
  readonly content: string | undefined;
};

export const anyEntry: FindQuery = {
  name: undefined,
  anyCase: false,
  kind: undefined,
  minSize: undefined,
  maxSize: undefined,
  after: undefined,
  before: undefined,
  content: undefined,
};

/** A test for the name alone, which costs nothing but the name. */
export function nameTest({ name, anyCase }: FindQuery): (name: Name) => boolean {
  if (name === undefined) return () => true;
  const fits = glob(name, anyCase);
  return (one) => fits(bytesOf(one).toString('utf8'));
}

/** A test for all but the content. */
export function entryTest(query: FindQuery): (entry: Entry) => boolean {
  const { kind, minSize, maxSize, after, before, content } = query;
  const fitsName = nameTest(query);
  const wantsFile = content !== undefined || minSize !== undefined || maxSize !== undefined;
  return (entry) =>
    (kind === undefined || entry.kind === kind) &&
    (!wantsFile || entry.kind === EntryKind.file) &&
    (minSize === undefined || entry.size >= minSize) &&
    (maxSize === undefined || entry.size <= maxSize) &&
    (after === undefined || entry.modified.s >= after) &&
    (before === undefined || entry.modified.s <= before) &&
    fitsName(entry.name);
}
