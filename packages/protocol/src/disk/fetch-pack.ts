/** Small files of one folder, read whole, with one walk for all. Called on I/O threads; synchronous. */

import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Name, type Path, stagingName } from '../path.ts';
import { pathAt } from './at.ts';
import { asDiskError } from './errno.ts';
import { isSameFile } from './identity.ts';
import type { Root } from './root.ts';

/** `content` stays as it is until its room is used again; files of one pack share what it lies in. */
export type PackSource = { readonly name: Name; readonly stats: BigIntStats; readonly content: Buffer };

/**
 * Each file as it is asked for, or why it cannot be had: NOT_FOUND, NOT_REGULAR, FORBIDDEN, SOURCE_CHANGED, LIMIT (it is
 * larger than limits.packedFileBytes). What is read lies in `room`.
 * @throws {FerryError} with the first, when the folder itself cannot be used
 */
export function* fetchPack(
  root: Root,
  folder: Path,
  names: readonly Name[],
  room: PackRoom = new PackRoom(),
): Generator<PackSource | FerryError, void, void> {
  const folderFd = root.holdFolder(folder);
  try {
    for (const name of names) {
      try {
        if (root.hideStaging && folder.length === 0 && name === stagingName) {
          throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
        }
        yield readSmall(root, folderFd, name, room);
      } catch (error) {
        yield asDiskError(error);
      }
    }
  } finally {
    closeSync(folderFd);
  }
}

function readSmall(root: Root, folderFd: number, name: Name, room: PackRoom): PackSource {
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
    const content = room.take(Number(stats.size));
    for (let done = 0; done < content.length; ) {
      const read = readSync(fd, content, done, content.length - done, done);
      if (read === 0) throw changed();
      done += read;
    }
    if (!isSameFile(fstatSync(fd, { bigint: true }), stats)) throw changed();
    return { name, stats, content };
  } finally {
    closeSync(fd);
  }
}

/**
 * A buffer for a whole pack: one for each file would keep the collector busy, as each counts as memory outside of its heap, and one
 * for each of many packs does so too.
 */
export class PackRoom {
  #whole = Buffer.alloc(0);
  #free = this.#whole;

  /** For another pack, when nobody looks at the last one any more. */
  clear(): void {
    this.#free = this.#whole;
  }

  /** Its bytes may be anything. */
  take(bytes: number): Buffer {
    if (bytes > this.#free.length) {
      this.#whole = Buffer.allocUnsafeSlow(Math.max(bytes, limits.packBytes));
      this.#free = this.#whole;
    }
    const taken = this.#free.subarray(0, bytes);
    this.#free = this.#free.subarray(bytes);
    return taken;
  }
}

function changed(): FerryError {
  return new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
}
