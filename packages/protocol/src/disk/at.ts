/**
 * A name inside an open folder: what `openat` and its kin do in C, through `/proc/self/fd`. The folder is the descriptor,
 * whatever its path has become; the name is one component of bytes and is never followed when it is a symlink.
 * Called on I/O threads; throws raw system errors (see onDisk).
 */

import { type BigIntStats, closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { byteString, type Name } from '../path.ts';
import { errnoOf } from './errno.ts';

/** Linux's O_PATH: a handle on a place, without opening what is there. Node exports no constant for it. */
const O_PATH = 0o10000000;

/** The folder itself. A magic link, so resolve it (`statfs`, `opendir`), don't lstat it. */
export function folderPath(folderFd: number): string {
  return `/proc/self/fd/${folderFd}`;
}

/** Names are byte strings, so every char is one byte of the path. */
export function pathAt(folderFd: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${folderFd}/${name}`, 'latin1');
}

/** A handle on a folder inside a folder. @throws ENOTDIR for a symlink too */
export function openFolderAt(folderFd: number, name: Name): number {
  return openSync(pathAt(folderFd, name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** A further handle on an open folder. */
export function reopenFolder(folderFd: number): number {
  return openSync(pathAt(folderFd, '.'), O_PATH | constants.O_DIRECTORY);
}

/** As {@link reopenFolder}, but one that fsync takes. */
export function reopenFolderToSync(folderFd: number): number {
  return openSync(pathAt(folderFd, '.'), constants.O_RDONLY | constants.O_DIRECTORY);
}

/** What is there under a name; undefined for nothing. */
export function lstatAt(folderFd: number, name: Name): BigIntStats | undefined {
  return lstatSync(pathAt(folderFd, name), { bigint: true, throwIfNoEntry: false });
}

/** What a symlink holds, as a byte string. @throws {FerryError} NOT_REGULAR: it is something else, perhaps since it was looked at */
export function linkAt(folderFd: number, name: Name): string {
  try {
    return byteString(readlinkSync(pathAt(folderFd, name), 'buffer'));
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') throw new FerryError(Code.NOT_REGULAR, 'not a symbolic link');
    throw error;
  }
}

/** Calls `use` with a descriptor and closes that, whatever happens. */
export function closing<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
