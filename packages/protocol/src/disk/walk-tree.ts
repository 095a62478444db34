/** Looking at all that lies below a folder, without following a link. Called on I/O threads; goes on in slices. */

import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { encodePath, type Name, type Path, stagingName } from '../path.ts';
import { openFolderAt } from './at.ts';
import { onDiskAsync } from './errno.ts';
import { namesIn } from './names-in.ts';
import type { Root } from './root.ts';
import type { Work } from './work.ts';

/** Below what the walk began at; [] for that itself, when it is no folder. */
export type Found = {
  readonly folderFd: number;
  readonly name: Name;
  readonly stats: BigIntStats;
  readonly below: Path;
};

export type Visit = {
  /** What it throws is a failure of this entry. Folders come before what is in them. */
  entry(found: Found): void | Promise<void>;
  /** The folder that it begins at, before all others; the root has no name and is not told. */
  top?(found: Found): void | Promise<void>;
  /** No: the entry is neither looked at nor told, which is most of the work; what is in a folder of that name comes all the same. */
  wants?(name: Name): boolean;
  /** After all in a folder, the first one excepted. */
  left?(found: Found): void | Promise<void>;
};

/**
 * Counts files and folders in `work`, the folder that it begins at too. What cannot be looked at is told to the work.
 * @throws {FerryError} NOT_FOUND, FORBIDDEN for the path itself; CANCELLED
 */
export async function walkTree(root: Root, path: Path, work: Work, visit: Visit): Promise<void> {
  await onDiskAsync(async () => {
    const top = path.length === 0 ? undefined : root.holdParent(path);
    try {
      const stats = top === undefined ? undefined : root.statAt(top.folderFd, top.name);
      if (top !== undefined && stats !== undefined && !stats.isDirectory()) {
        work.files += 1;
        await visit.entry({ ...top, stats, below: [] });
        return;
      }
      work.folders += 1;
      if (top !== undefined && stats !== undefined) await visit.top?.({ ...top, stats, below: [] });
      await walkIn(root, root.holdFolder(path), path, [], work, visit);
    } finally {
      if (top !== undefined) closeSync(top.folderFd);
    }
  });
}

/** Closes the folder. */
async function walkIn(
  root: Root,
  folderFd: number,
  start: Path,
  shown: Path,
  work: Work,
  visit: Visit,
): Promise<void> {
  const isRoot = start.length + shown.length === 0;
  try {
    for (const { name, isFolder } of namesIn(folderFd)) {
      if (isRoot && root.hideStaging && name === stagingName) continue;
      const turn = work.turn();
      if (turn !== undefined) await turn;
      const below = [...shown, name];
      try {
        const isWanted = work.isLimited || visit.wants?.(name) !== false;
        const stats = isWanted ? root.lookAt(folderFd, name) : undefined;
        if (isWanted && (stats === undefined || (work.isLimited && !work.sees([...start, ...below]))))
          continue;
        const found = stats === undefined ? undefined : { folderFd, name, stats, below };
        if (!(stats?.isDirectory() ?? isFolder)) {
          work.files += 1;
          const visited = found === undefined ? undefined : visit.entry(found);
          if (visited !== undefined) await visited;
          continue;
        }
        checkAddressable(start, below);
        work.folders += 1;
        if (found !== undefined) await visit.entry(found);
        const childFd = openFolderAt(folderFd, name);
        if (!root.isOn(fstatSync(childFd).dev)) closeSync(childFd);
        else await walkIn(root, childFd, start, below, work, visit);
        if (found !== undefined) await visit.left?.(found);
      } catch (error) {
        work.fail(below, error);
      }
    }
  } finally {
    closeSync(folderFd);
  }
}

/** What lies in the folder must have a path that can be said. @throws {FerryError} NAME_TOO_LONG */
function checkAddressable(start: Path, below: Path): void {
  const path = [...start, ...below];
  if (path.length < limits.pathDepth && encodePath(path).length + limits.nameBytes < limits.pathBytes) return;
  throw new FerryError(Code.NAME_TOO_LONG, 'the path is too long');
}
