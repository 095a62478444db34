/**
 * Putting an entry, with all that is in it, under a name that may be taken: what copying and moving have in common. Folders
 * of one name become one; everything else is put as a whole. Called by copy-tree.ts and move-tree.ts on I/O threads.
 */

import { type BigIntStats, closeSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { isWithin, type Name, type Path, samePath } from '../path.ts';
import { openFolderAt } from './at.ts';
import { onDiskAsync } from './errno.ts';
import { namesIn } from './names-in.ts';
import type { Root } from './root.ts';
import type { KeepsOld } from './staged-file-spec.ts';
import { checkTarget } from './target.ts';
import type { Work } from './work.ts';

export type GraftSpec = KeepsOld & {
  readonly from: Path;
  readonly to: Path;
  /**
   * `fail`: EXISTS when the name is taken. `overwrite`: a file takes another's place, folders are joined, never does a file
   * take a folder's place or the other way round. `skip`: folders are joined, and what is there stays.
   */
  readonly existing: 'fail' | 'overwrite' | 'skip';
  /** With `overwrite` of one file: the identity of the only version that may be replaced. */
  readonly expected?: string | undefined;
  /** The folder that links may not lead out of; default: the root. */
  readonly inside?: Path;
  /** The root that `from` is in, where it is another one than that of `to`: links are then whoever's they are, and may lead anywhere. */
  readonly fromRoot?: Root;
};

export type Spot = { readonly folderFd: number; readonly name: Name };

export type Graft = {
  readonly root: Root;
  readonly work: Work;
  /** Puts what is at `from` to `to`, whole. What is there is replaced only with `overwrite`. */
  put(from: Spot, stats: BigIntStats, to: Spot, place: Place, existing: 'fail' | 'overwrite'): Promise<void>;
  /** After all in a folder was put into one that was there. */
  joined(from: Spot, to: Spot): void;
};

/** Where something will be, and where it lies below what was asked for (for who hears that it failed). */
export type Place = { readonly to: Path; readonly below: Path };

/**
 * @throws {FerryError} NOT_FOUND; EXISTS, CONFLICT, NAME_INVALID (into itself), FORBIDDEN (the root); CANCELLED, NO_SPACE and
 *   the like. What else fails inside of a folder is told to the work, and the rest goes on
 */
export async function graft(how: Graft, spec: GraftSpec): Promise<void> {
  const { root } = how;
  const { fromRoot = root } = spec;
  if (fromRoot === root) {
    if (samePath(spec.from, spec.to)) throw new FerryError(Code.EXISTS, 'it is there already');
    if (isWithin(spec.from, spec.to)) throw intoItself();
  }
  const from = fromRoot.holdParent(spec.from);
  try {
    const to = root.holdParent(spec.to);
    try {
      await onDiskAsync(() => place(how, spec, from, to, { to: spec.to, below: [] }));
    } finally {
      closeSync(to.folderFd);
    }
  } finally {
    closeSync(from.folderFd);
  }
}

export function intoItself(): FerryError {
  return new FerryError(Code.NAME_INVALID, 'a folder cannot go into itself');
}

async function place(how: Graft, spec: GraftSpec, from: Spot, to: Spot, at: Place): Promise<void> {
  const { root, work } = how;
  const turn = work.turn();
  if (turn !== undefined) await turn;
  const stats = (spec.fromRoot ?? root).statAt(from.folderFd, from.name);
  const there = root.lookAt(to.folderFd, to.name);
  const isTop = at.below.length === 0;
  if (there !== undefined) {
    if (there.isDirectory() && stats.isDirectory() && spec.existing !== 'fail') {
      await join(how, spec, from, to, at);
      return;
    }
    if (spec.existing === 'skip') {
      work.skipped += 1;
      return;
    }
    if (stats.isDirectory()) throw new FerryError(Code.EXISTS, 'something else of that name is there');
    if (there.dev === stats.dev && there.ino === stats.ino) {
      throw new FerryError(Code.EXISTS, 'both names are those of one file');
    }
  }
  const existing = spec.existing === 'overwrite' && !stats.isDirectory() ? 'overwrite' : 'fail';
  checkTarget(root, to.folderFd, to.name, { existing, expected: isTop ? spec.expected : undefined });
  await how.put(from, stats, to, at, existing);
}

async function join(how: Graft, spec: GraftSpec, from: Spot, to: Spot, at: Place): Promise<void> {
  const fromFd = openFolderAt(from.folderFd, from.name);
  try {
    const toFd = openFolderAt(to.folderFd, to.name);
    try {
      for (const { name } of namesIn(fromFd)) {
        const child = { to: [...at.to, name], below: [...at.below, name] };
        try {
          await place(how, spec, { folderFd: fromFd, name }, { folderFd: toFd, name }, child);
        } catch (error) {
          how.work.fail(child.below, error);
        }
      }
    } finally {
      closeSync(toFd);
    }
  } finally {
    closeSync(fromFd);
  }
  how.joined(from, to);
}
