/** A file of a tree read once, from its begin to its end. Called on I/O threads; goes on in slices. */

import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { Code, FerryError } from '../errors.ts';
import { pathAt } from './at.ts';
import { identityOf } from './identity.ts';
import type { Root } from './root.ts';
import type { Found } from './walk-tree.ts';
import type { Work } from './work.ts';

const readOnPool = promisify(read);

/** Up to here it is read at once; going to Node's thread pool and back takes longer. */
const smallBytes = 64 * 1024;

/**
 * `use` gets each chunk, whose buffer is used again when its promise settles, whether it is the last, and the size of the file;
 * an empty file is one empty chunk. False ends it early. Counts the bytes.
 * @throws {FerryError} NOT_REGULAR, SOURCE_CHANGED; raw system errors
 */
export async function readThrough(
  root: Root,
  { folderFd, name }: Found,
  work: Work,
  use: (chunk: Buffer, isLast: boolean, size: number) => boolean | Promise<boolean>,
): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(pathAt(folderFd, name), flags);
  try {
    const stats = fstatSync(fd, { bigint: true });
    // It may have become something else since it was looked at.
    if (!stats.isFile() || !root.isOn(Number(stats.dev))) {
      throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
    }
    const size = Number(stats.size);
    const { buffer } = work;
    for (let done = 0, goOn = true; goOn; ) {
      const turn = work.turn();
      if (turn !== undefined) await turn;
      const wanted = Math.min(buffer.length, size - done);
      const got =
        wanted <= smallBytes
          ? readSync(fd, buffer, 0, wanted, done)
          : (await readOnPool(fd, buffer, 0, wanted, done)).bytesRead;
      if (got === 0 && wanted > 0) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
      }
      done += got;
      work.bytes += got;
      goOn = (await use(buffer.subarray(0, got), done === size, size)) && done < size;
      if (done === size && identityOf(fstatSync(fd, { bigint: true })) !== identityOf(stats)) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
      }
    }
  } finally {
    closeSync(fd);
  }
}
