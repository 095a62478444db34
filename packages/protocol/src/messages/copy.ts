/**
 * copy and move: a file, link or folder with all that is in it, from one place of the share to another, without a byte over
 * the line. `existing` says what happens to names that are taken; folders of one name are joined unless it is `fail`.
 */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { oneOf, optional, path, tuple } from '../wire/shape.ts';
import { identity } from './facts.ts';
import { type TreeDone, type TreeProgress, treeDone, treeProgress } from './work.ts';

export const Existing = { fail: 0, overwrite: 1, skip: 2 } as const;
export type Existing = (typeof Existing)[keyof typeof Existing];

export type Copy = {
  readonly from: Path;
  readonly to: Path;
  readonly existing: Existing;
  /** With `overwrite`, of one file: the only version that may be replaced. */
  readonly expected: string | undefined;
};

const request = tuple<Copy>({
  from: path,
  to: path,
  existing: oneOf(Existing.fail, Existing.overwrite, Existing.skip),
  expected: optional(identity),
});

export const copy = operation<Copy, TreeDone, TreeProgress>({
  kind: Kind.copy,
  request,
  part: treeProgress,
  reply: treeDone,
});

export const move = operation<Copy, TreeDone, TreeProgress>({
  kind: Kind.move,
  request,
  part: treeProgress,
  reply: treeDone,
});
