/** find: what in a tree has such a name, size, age or content; the first hit goes out at once. */

import { hitBytes } from '../content/line-search.ts';
import { type Entry, EntryKind } from '../entry.ts';
import type { FindQuery } from '../find-query.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import {
  array,
  byteText,
  entry,
  flag,
  integer,
  oneOf,
  optional,
  path,
  type Shape,
  text,
  tuple,
} from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDoneShapes, treeProgressShapes } from './work.ts';

/** `most` hits at most. */
export type Find = FindQuery & { readonly path: Path; readonly most: number };

export type FindHit = {
  /** Below the request's path. */
  readonly folder: Path;
  readonly entry: Entry;
  /** In the content, from 1; 0 for a hit by name and in what is no text. */
  readonly line: number;
  /** The line around it, as a byte string: foreign text. */
  readonly text: string;
};

export type FindPart = TreeProgress & { readonly rows: readonly FindHit[] };
/** `more`: it ended because there were `most`. */
export type FindDone = TreeDone & { readonly more: boolean };

const seconds = integer(-2_208_988_800, 253_402_300_799);

const textOf = (low: number): Shape<string> => {
  const words = text();
  return {
    put: words.put,
    get: (value, field) => {
      const said = words.get(value, field);
      return said.length < low ? words.get(undefined, field) : said;
    },
  };
};

export const find = operation<Find, FindDone, FindPart>({
  kind: Kind.find,
  request: tuple<Find>({
    path,
    most: integer(1, limits.findHits),
    name: optional(text()),
    anyCase: flag,
    kind: optional(oneOf(EntryKind.file, EntryKind.folder, EntryKind.symlink, EntryKind.other)),
    minSize: optional(integer()),
    maxSize: optional(integer()),
    after: optional(seconds),
    before: optional(seconds),
    content: optional(textOf(1)),
  }),
  part: tuple<FindPart>({
    ...treeProgressShapes,
    rows: array(
      tuple<FindHit>({ folder: path, entry, line: integer(), text: byteText(0, hitBytes) }),
      limits.pageEntries,
    ),
  }),
  reply: tuple<FindDone>({ ...treeDoneShapes, more: flag }),
});
