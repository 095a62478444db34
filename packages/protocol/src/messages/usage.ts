/** usage: how much is in a folder, with a row for each folder right below it as soon as that is known. */

import { limits } from '../limits.ts';
import type { Name, Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, integer, name, path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDoneShapes, treeProgressShapes } from './work.ts';

/** A folder with all that is in it. */
export type UsageOf = {
  readonly name: Name;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** What it takes on the disk. */
  readonly allocated: number;
};

export type UsagePart = TreeProgress & { readonly allocated: number; readonly rows: readonly UsageOf[] };
export type UsageDone = TreeDone & { readonly allocated: number };

const row = tuple<UsageOf>({
  name,
  files: integer(),
  folders: integer(),
  bytes: integer(),
  allocated: integer(),
});

export const usage = operation<{ path: Path }, UsageDone, UsagePart>({
  kind: Kind.usage,
  request: tuple({ path }),
  part: tuple<UsagePart>({
    ...treeProgressShapes,
    allocated: integer(),
    rows: array(row, limits.pageEntries),
  }),
  reply: tuple<UsageDone>({ ...treeDoneShapes, allocated: integer() }),
});
