/**
 * Long work inside of a storage: trees are walked, copied and removed where they lie. Part of the storage contract; called on
 * worker threads. Every work goes on in slices, between which others have a turn, and stops within one when its signal says
 * so. Errors are those of the storage contract. What fails inside of a tree is told to the work, and the rest goes on.
 */

import type { FindQuery, Path } from '@ferry/protocol';
import type { SumAlgorithm } from '@ferry/protocol/content';
import type {
  GraftSpec,
  Hit,
  Rows,
  Sink,
  SumRow,
  Trashed,
  UnpackSpec,
  UsageRow,
  Work,
} from '@ferry/protocol/disk';

export type {
  FindQuery,
  GraftSpec,
  Hit,
  Rows,
  Sink,
  SumAlgorithm,
  SumRow,
  Trashed,
  UnpackSpec,
  UsageRow,
  Work,
};

export interface Works {
  /**
   * A file, link, or folder with all that is in it; its name appears when the copy is complete and durable. Cancelled or
   * failed, nothing is there that had no name yet.
   * @throws NOT_FOUND, EXISTS, CONFLICT, NAME_INVALID (into itself), FORBIDDEN (the root), NO_SPACE
   */
  copy(spec: GraftSpec, work: Work): Promise<void>;
  /** A name at a time: cancelled or failed, each entry is at one of the two places, whole. @throws as copy */
  move(spec: GraftSpec, work: Work): Promise<void>;
  /** Links are removed, never followed. Cancelled, the rest stays. @throws NOT_FOUND, FORBIDDEN (the root) */
  removeTree(path: Path, work: Work): Promise<void>;
  /** Digests of a file, or of all files below a folder, as they are made. @throws NOT_FOUND */
  sum(path: Path, algorithm: SumAlgorithm, work: Work, rows: Rows<SumRow>): Promise<void>;
  /** How much is in a folder: in the work's counts, and a row for each folder right below. @throws NOT_FOUND */
  usage(path: Path, work: Work, rows: Rows<UsageRow>): Promise<void>;
  /** `most` hits at most, each as it is found. @returns whether there may be more. @throws NOT_FOUND */
  find(path: Path, query: FindQuery, most: number, work: Work, rows: Rows<Hit>): Promise<boolean>;
  /**
   * A tree as a tar archive, as it is made; names begin with that of what was asked for.
   * @throws NOT_FOUND
   */
  archive(path: Path, work: Work, sink: Sink): Promise<void>;
  /**
   * A tar archive (tar.gz, tar.zst too) into a new folder, which is there when it is complete and durable. What would lead out of
   * it fails by itself. @throws NOT_FOUND, NOT_REGULAR, EXISTS, MALFORMED, LIMIT, NO_SPACE; FORBIDDEN (the storage cannot)
   */
  unpack(spec: UnpackSpec, work: Work): Promise<void>;
  /**
   * Deletes so that it can be had back, by whoever deleted it and for some time. Cancelled, it is still there.
   * @throws NOT_FOUND, FORBIDDEN (the root, or there is no trash), QUOTA (more than the trash may hold)
   */
  trash(path: Path, owner: string, work: Work): Promise<Trashed>;
  /** What this owner deleted below `inside`, the newest first. */
  listTrash(owner: string, inside: Path, work: Work, rows: Rows<Trashed>): Promise<void>;
  /** To where it was, or to `to`; where it is now. @throws NOT_FOUND (not in this trash), EXISTS, NOT_FOLDER */
  restore(owner: string, inside: Path, id: string, to: Path | undefined): Promise<Trashed>;
  /** These, or all, for good. Unknown ids are no error. */
  emptyTrash(owner: string, inside: Path, ids: readonly string[] | undefined, work: Work): Promise<void>;
}
