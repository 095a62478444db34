/** Removing a folder with all that is in it. Called on I/O threads; goes on in slices. */

import { chmodSync, closeSync, fstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import type { Path } from '../path.ts';
import { folderPath, openFolderAt, pathAt } from './at.ts';
import { onDiskAsync, unlessErrno } from './errno.ts';
import { FolderSync } from './folder-sync.ts';
import type { Spot } from './graft.ts';
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
      await removeAt(root, { folderFd, name }, { isFolder, isOurs: false }, [], work);
      if (!root.durable) return;
      const folders = new FolderSync();
      folders.add(folderFd);
      folders.sync();
    });
  } finally {
    closeSync(folderFd);
  }
}

export type RemoveHow = {
  readonly isFolder: boolean;
  /** Folders of ours are made writable before: what was copied or thrown away may be read-only. */
  readonly isOurs: boolean;
};

/**
 * As {@link removeTree}, of a name in an open folder. False when something of it stays.
 * @throws raw system errors for the name itself
 */
export async function removeAt(
  root: Root,
  { folderFd, name }: Spot,
  { isFolder, isOurs }: RemoveHow,
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
    if (isOurs) unlessErrno(['EPERM'], () => chmodSync(folderPath(fd), 0o700));
    for (const child of namesIn(fd)) {
      const below = [...shown, child.name];
      const how = { isFolder: child.isFolder, isOurs };
      try {
        if (!(await removeAt(root, { folderFd: fd, name: child.name }, how, below, work))) isEmpty = false;
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
