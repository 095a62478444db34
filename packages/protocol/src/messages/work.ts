/**
 * What long work in a tree says: parts while it goes on, at least one a second, and what it came to. Part of several messages.
 */

import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { array, integer, path, type Shape, text, tuple } from '../wire/shape.ts';

/** Something in the tree that could not be done; the rest goes on. `path` is below what the request named. */
export type TreeFailure = { readonly path: Path; readonly code: number; readonly message: string };

export type TreeProgress = {
  /** So far: all that is no folder… */
  readonly files: number;
  readonly folders: number;
  /** …and content bytes. */
  readonly bytes: number;
  /** Since the last part. */
  readonly failures: readonly TreeFailure[];
};

export type TreeDone = {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** Names that were taken and left alone. */
  readonly skipped: number;
  /** How many failures were told in parts. */
  readonly failed: number;
};

export const treeFailure: Shape<TreeFailure> = tuple<TreeFailure>({
  path,
  code: integer(0, 0xffff),
  message: text(limits.textBytes),
});

type Fields<T> = { readonly [K in keyof T]: Shape<T[K]> };

/** For parts that say more, behind these. */
export const treeProgressShapes: Fields<TreeProgress> = {
  files: integer(),
  folders: integer(),
  bytes: integer(),
  failures: array(treeFailure, limits.partFailures),
};

export const treeProgress: Shape<TreeProgress> = tuple<TreeProgress>(treeProgressShapes);

export const treeDoneShapes: Fields<TreeDone> = {
  files: integer(),
  folders: integer(),
  bytes: integer(),
  skipped: integer(),
  failed: integer(),
};

export const treeDone: Shape<TreeDone> = tuple<TreeDone>(treeDoneShapes);
