/** Removing a folder with all that is in it. Called on I/O threads; goes on in slices. */

import { closeSync, fstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import type { Name, Path } from '../path.ts';
import { openFolderAt, pathAt } from './at.ts';
import { onDiskAsync } from './errno.ts';
import { FolderSync } from './folder-sync.ts';
import { namesIn } from './names-in.ts';
import type { Root } from './root.ts';
import type { Work } from './work.ts';

/**
 * One file, link, or folder with all below it. Links are removed, never followed, and other file systems not entered. What
 * cannot be removed is told to `work` and stays, with the folders that it lies in. Cancelled, the rest stays.
 * @throws {FerryError} NOT_FOUND, FORBIDDEN (the root); CANCELLED
 */
export async function removeTree(root: Root, path: Path, work: Work): Promise<void> {
  const { folderFd, name } = root.holdParent(path);
  try {
    await onDiskAsync(async () => {
      const isFolder = root.statAt(folderFd, name).isDirectory();
      await removeAt(root, folderFd, name, isFolder, [], work);
      if (!root.durable) return;
      const folders = new FolderSync();
      folders.add(folderFd);
      folders.sync();
    });
  } finally {
    closeSync(folderFd);
  }
}

/**
 * As {@link removeTree}, of a name in an open folder. False when something of it stays.
 * @throws raw system errors for the name itself
 */
export async function removeAt(
  root: Root,
  folderFd: number,
  name: Name,
  isFolder: boolean,
  shown: Path,
  work: Work,
): Promise<boolean> {
  const turn = work.turn();
  if (turn !== undefined) await turn;
  if (!isFolder) {
    unlinkSync(pathAt(folderFd, name));
    work.files += 1;
    return true;
  }
  const fd = openFolderAt(folderFd, name);
  let isEmpty = true;
  try {
    if (!root.isOn(fstatSync(fd).dev)) {
      throw new FerryError(Code.FORBIDDEN, 'another file system begins here');
    }
    for (const child of namesIn(fd)) {
      const below = [...shown, child.name];
      try {
        if (!(await removeAt(root, fd, child.name, child.isFolder, below, work))) isEmpty = false;
      } catch (error) {
        work.fail(below, error);
        isEmpty = false;
      }
    }
  } finally {
    closeSync(fd);
  }
  if (!isEmpty) return false;
  rmdirSync(pathAt(folderFd, name));
  work.folders += 1;
  return true;
}
