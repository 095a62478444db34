/**
 * Gives a file, link or folder another name without ever taking a name that is in use. Called on I/O threads.
 */

import { linkSync, renameSync, unlinkSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import type { Name } from '../path.ts';
import { lstatAt, pathAt } from './at.ts';
import { unlessErrno } from './errno.ts';

/** What link answers where it is not to be had: file systems without hard links, or files of another owner. */
const cannotLink = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK'];

/**
 * Of several that move to one name at once exactly one wins, as `link` decides. Where a file system has no hard links, and
 * for folders, it is look-then-rename: an empty folder made in between by someone else is replaced, a file in a
 * file system without links too.
 * @throws {FerryError} EXISTS; raw system errors
 */
export function moveAt(fromFd: number, from: Name, toFd: number, to: Name, isFolder: boolean): void {
  const source = pathAt(fromFd, from);
  const target = pathAt(toFd, to);
  if (!isFolder && unlessErrno(cannotLink, () => linkSync(source, target))) {
    // One may be allowed to add here and not to take away there. Then nothing has happened.
    // Who tidies up may have been here between the two.
    if (unlessErrno(['EACCES'], () => unlessErrno(['ENOENT'], () => unlinkSync(source)))) return;
    unlinkSync(target);
    throw new FerryError(Code.FORBIDDEN, 'the file system does not permit that');
  }
  if (lstatAt(toFd, to) !== undefined) throw new FerryError(Code.EXISTS, 'that name is taken');
  renameSync(source, target);
}
