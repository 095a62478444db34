/**
 * archive: a folder with all that is in it as one archive, made while it is sent. Its bytes come as blocks in order, each with its
 * digest, all but the last of any length; parts tell how far it is.
 */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { integer, oneOf, path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDoneShapes, treeProgress } from './work.ts';

export const ArchiveFormat = { tar: 0, gzip: 1, zstd: 2 } as const;
export type ArchiveFormat = (typeof ArchiveFormat)[keyof typeof ArchiveFormat];

/** `blocks` were sent, with so many bytes in all. */
export type Archived = TreeDone & { readonly blocks: number; readonly size: number };

export const archive = operation<{ path: Path; format: ArchiveFormat }, Archived, TreeProgress>({
  kind: Kind.archive,
  request: tuple({ path, format: oneOf(ArchiveFormat.tar, ArchiveFormat.gzip, ArchiveFormat.zstd) }),
  part: treeProgress,
  reply: tuple<Archived>({ ...treeDoneShapes, blocks: integer(), size: integer() }),
});
