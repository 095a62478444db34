/** Whom entries of a root belong to. Called on I/O threads; each call is one walk. */

import { constants, fchownSync, fsyncSync, lchownSync, openSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import type { Owner } from '../owner.ts';
import type { Path } from '../path.ts';
import { groups, users } from './account-names.ts';
import { closing, pathAt } from './at.ts';
import type { Root } from './root.ts';

/** Never follows a symlink. @throws {FerryError} NOT_FOUND */
export function ownerOf(root: Root, path: Path): Owner {
  return root.withParent(path, (folderFd, name) => {
    const { uid, gid } = root.statAt(folderFd, name);
    return { user: users.name(Number(uid)) ?? '', group: groups.name(Number(gid)) ?? '' };
  });
}

/**
 * Gives an entry to the user and the group of these names; what is theirs already stays as it is. It is on the disk then.
 * @throws {FerryError} NOT_FOUND; FORBIDDEN when this process may not, or one of them does not exist here: then neither is set
 */
export function setOwner(root: Root, path: Path, { user, group }: Owner): void {
  root.withParent(path, (folderFd, name) => {
    const stats = root.statAt(folderFd, name);
    const uid = users.id(user);
    const gid = groups.id(group);
    if (uid === undefined || gid === undefined) {
      throw new FerryError(Code.FORBIDDEN, `there is no such ${uid === undefined ? 'user' : 'group'} here`);
    }
    if (stats.uid === BigInt(uid) && stats.gid === BigInt(gid)) return;
    if (process.geteuid?.() !== 0) throw new FerryError(Code.FORBIDDEN, 'only root may give files to others');
    const place = pathAt(folderFd, name);
    if (!stats.isFile() && !stats.isDirectory()) {
      lchownSync(place, uid, gid);
      return;
    }
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    closing(openSync(place, flags), (fd) => {
      fchownSync(fd, uid, gid);
      if (root.durable) fsyncSync(fd);
    });
  });
}
