/**
 * What is done to single entries of a root: the verbs of the protocol. Called on I/O threads; each call is one walk.
 * All throw FerryError: NOT_FOUND, FORBIDDEN, NAME_TOO_LONG, IO_ERROR …, and NAME_INVALID for the staging folder.
 */

import { constants, mkdirSync, openSync, rmdirSync, statfsSync, symlinkSync, unlinkSync } from 'node:fs';
import type { Facts, Time } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { bytesOf, isWithin, type Name, type Path } from '../path.ts';
import { closing, folderPath, linkAt, pathAt } from './at.ts';
import { factsOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import { moveAt } from './move.ts';
import type { Root } from './root.ts';
import { setFacts as setFactsOf } from './set-facts.ts';
import { syncShared } from './shared-syncs.ts';

/** The root has no name of its own; its facts carry this one. */
const rootName = '~' as Name;

/** Never follows a symlink. */
export function stat(root: Root, path: Path): Facts {
  if (path.length === 0) return factsOf(rootName, root.stat());
  return root.withParent(path, (folderFd, name) => factsOf(name, root.statAt(folderFd, name)));
}

/** For each of these names whether it is in use in a folder; none is in one that is not there. One walk for all. */
export function takenIn(root: Root, folder: Path, names: readonly Name[]): readonly boolean[] {
  try {
    return root.withFolder(folder, (folderFd) =>
      names.map((name) => root.lookAt(folderFd, name) !== undefined),
    );
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return names.map(() => false);
    throw error;
  }
}

/** Makes one folder, its permissions as the umask has them. @throws {FerryError} EXISTS, NOT_FOUND (its parent) */
export function mkdir(root: Root, path: Path): void {
  if (path.length === 0) throw new FerryError(Code.EXISTS, 'that name is taken');
  root.withParent(path, (folderFd, name) => {
    mkdirSync(pathAt(folderFd, name), 0o777);
    syncFolders(root, folderFd);
  });
}

/** Never overwrites. @throws {FerryError} EXISTS; NAME_INVALID (into itself); FORBIDDEN (to another file system) */
export function rename(root: Root, from: Path, to: Path): void {
  if (to.length > from.length && isWithin(from, to)) {
    throw new FerryError(Code.NAME_INVALID, 'a folder cannot be moved into itself');
  }
  root.withParent(from, (fromFd, fromName) => {
    const isFolder = root.statAt(fromFd, fromName).isDirectory();
    root.withParent(to, (toFd, toName) => {
      moveAt(fromFd, fromName, toFd, toName, isFolder);
      // The new name first: cut off in between, a file has both rather than none.
      syncFolders(root, toFd, fromFd);
    });
  });
}

/** Removes one file, symlink or empty folder. @throws {FerryError} NOT_EMPTY */
export function remove(root: Root, path: Path): void {
  root.withParent(path, (folderFd, name) => {
    if (root.statAt(folderFd, name).isDirectory()) rmdirSync(pathAt(folderFd, name));
    else unlinkSync(pathAt(folderFd, name));
    syncFolders(root, folderFd);
  });
}

/**
 * Permission bits (0o777) and modification time of a file or folder; what the file system cannot hold stays as it is.
 * @throws {FerryError} NOT_REGULAR for anything else
 */
export function setFacts(root: Root, path: Path, { modified, mode }: { modified: Time; mode: number }): void {
  const set = (fd: number): void => setFactsOf(fd, mode & 0o777, modified);
  if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  root.withParent(path, (folderFd, name) => {
    const stats = root.statAt(folderFd, name);
    if (!stats.isFile() && !stats.isDirectory())
      throw new FerryError(Code.NOT_REGULAR, 'not a file or folder');
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    closing(openSync(pathAt(folderFd, name), flags), set);
  });
}

/** What a symlink holds, as a byte string. @throws {FerryError} NOT_REGULAR */
export function readLink(root: Root, path: Path): string {
  return root.withParent(path, (folderFd, name) => {
    root.statAt(folderFd, name);
    return linkAt(folderFd, name);
  });
}

/** @throws {FerryError} EXISTS; NAME_INVALID for a target that cannot be one */
export function makeLink(root: Root, path: Path, target: string): void {
  if (target.length === 0 || target.includes('\0')) {
    throw new FerryError(Code.NAME_INVALID, 'no link can lead there');
  }
  root.withParent(path, (folderFd, name) => {
    symlinkSync(bytesOf(target), pathAt(folderFd, name));
    syncFolders(root, folderFd);
  });
}

/** Bytes that an ordinary user may still write, and bytes in all, of the file system that a folder lies on. */
export function space(root: Root, path: Path): { free: number; total: number } {
  return root.withFolder(path, (folderFd) => {
    const { bavail, blocks, bsize } = statfsSync(folderPath(folderFd));
    return { free: bavail * bsize, total: blocks * bsize };
  });
}

/**
 * Puts on the disk which names a folder holds, whoever gave them. Resolves with false where that cannot be done: a file system
 * that cannot sync a folder, one that may not be read, a root that is not durable.
 * @throws {FerryError} also as {@link stat}
 */
export async function syncNames(root: Root, folder: Path): Promise<boolean> {
  return root.durable && (await root.withFolder(folder, syncShared));
}

function syncFolders(root: Root, ...folderFds: readonly number[]): void {
  if (!root.durable) return;
  const folders = new FolderSync();
  for (const folderFd of folderFds) folders.add(folderFd);
  folders.sync();
}
