/**
 * trash: deletes so that it can be had back, by whoever deleted it. listTrash, restore and emptyTrash are about that.
 */

import { type EntryKind, EntryKind as Kinds } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytes, flag, integer, oneOf, optional, path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDone, treeProgress, treeProgressShapes } from './work.ts';

export const trashIdBytes = 16;

export type Deletion = {
  readonly id: Uint8Array;
  /** Where it was. */
  readonly path: Path;
  readonly kind: EntryKind;
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly deletedMs: number;
  /** Nobody deleted it: another version took its place. `restore` puts it back in that one's place, which goes here in turn. */
  readonly isReplaced: boolean;
};

const id = bytes(trashIdBytes, trashIdBytes);

const deletion = tuple<Deletion>({
  id,
  path,
  kind: oneOf(Kinds.file, Kinds.folder, Kinds.symlink, Kinds.other),
  files: integer(),
  bytes: integer(),
  deletedMs: integer(),
  isReplaced: flag,
});

export const trash = operation<{ path: Path }, { deletion: Deletion }, TreeProgress>({
  kind: Kind.trash,
  request: tuple({ path }),
  part: treeProgress,
  reply: tuple({ deletion }),
});

export type TrashPart = TreeProgress & { readonly rows: readonly Deletion[] };

/** The newest first. */
export const listTrash = operation<Record<never, never>, TreeDone, TrashPart>({
  kind: Kind.listTrash,
  request: tuple({}),
  part: tuple<TrashPart>({ ...treeProgressShapes, rows: array(deletion, limits.pageEntries) }),
  reply: treeDone,
});

/** Without `to`: to where it was, and folders above that are gone are made again. EXISTS when the name is taken. */
export const restore = operation<{ id: Uint8Array; to: Path | undefined }, { path: Path }>({
  kind: Kind.restore,
  request: tuple({ id, to: optional(path) }),
  reply: tuple({ path }),
});

/** For good; without ids: all. */
export const emptyTrash = operation<{ ids: readonly Uint8Array[] | undefined }, TreeDone, TreeProgress>({
  kind: Kind.emptyTrash,
  request: tuple({ ids: optional(array(id, limits.trashIds)) }),
  part: treeProgress,
  reply: treeDone,
});
