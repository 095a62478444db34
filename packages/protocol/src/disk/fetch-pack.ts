/** Small files of one folder, read whole, with one walk for all. Called on I/O threads; synchronous. */

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Facts } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Name, type Path, stagingName } from '../path.ts';
import { pathAt } from './at.ts';
import { asDiskError } from './errno.ts';
import { factsOf } from './facts.ts';
import { identityOf } from './identity.ts';
import type { Root } from './root.ts';

/** `content` is a buffer of its own. */
export type FetchedPart = { readonly facts: Facts; readonly content: Buffer };

/**
 * Each file as it is asked for, or why it cannot be had: NOT_FOUND, NOT_REGULAR, FORBIDDEN, SOURCE_CHANGED, LIMIT (it is
 * larger than limits.packedFileBytes).
 * @throws {FerryError} with the first, when the folder itself cannot be used
 */
export function* fetchPack(
  root: Root,
  folder: Path,
  names: readonly Name[],
): Generator<FetchedPart | FerryError, void, void> {
  const folderFd = root.holdFolder(folder);
  try {
    for (const name of names) {
      try {
        if (root.hideStaging && folder.length === 0 && name === stagingName) {
          throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
        }
        yield readSmall(root, folderFd, name);
      } catch (error) {
        yield asDiskError(error);
      }
    }
  } finally {
    closeSync(folderFd);
  }
}

function readSmall(root: Root, folderFd: number, name: Name): FetchedPart {
  // Asked before opening, since opening a device or a FIFO can itself do something; asked again of what was opened.
  const seen = lstatSync(pathAt(folderFd, name));
  if (!root.isOn(seen.dev)) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
  if (seen.isSymbolicLink()) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
  if (!seen.isFile()) throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
  const fd = openSync(
    pathAt(folderFd, name),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile() || Number(stats.dev) !== seen.dev)
      throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    if (stats.size > BigInt(limits.packedFileBytes))
      throw new FerryError(Code.LIMIT, 'the file is no small one');
    const facts = factsOf(name, stats);
    const content = Buffer.allocUnsafe(facts.size);
    for (let done = 0; done < content.length; ) {
      const read = readSync(fd, content, done, content.length - done, done);
      if (read === 0) throw changed();
      done += read;
    }
    if (identityOf(fstatSync(fd, { bigint: true })) !== facts.identity) throw changed();
    return { facts, content };
  } finally {
    closeSync(fd);
  }
}

function changed(): FerryError {
  return new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
}
