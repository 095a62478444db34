/**
 * The content of one file into another of the same root: shared on the disk where the file system can do that, else read and
 * written. Called by copy-tree.ts on I/O threads.
 */

import { constants, copyFileSync, ftruncateSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { Code, FerryError } from '../errors.ts';
import { unlessErrno } from './errno.ts';
import type { Work } from './work.ts';
import { writeFully, writeFullyBeside } from './write-fully.ts';

const readOnPool = promisify(read);

/** What a file system answers that cannot share content between files. */
const cannotShare = ['EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS', 'EPERM', 'ETXTBSY'];
/** Up to here a file is read and written at once; going to Node's thread pool and back takes longer. */
const smallBytes = 64 * 1024;

/**
 * Makes one open file share the content of another, by their descriptors' own paths: whatever their names have become, they
 * are the files that were looked at. @returns false where the file system cannot. @throws raw system errors
 */
export function shareContent(fromFd: number, toFd: number): boolean {
  return unlessErrno(cannotShare, () =>
    copyFileSync(`/proc/self/fd/${fromFd}`, `/proc/self/fd/${toFd}`, constants.COPYFILE_FICLONE_FORCE),
  );
}

/**
 * Reads and writes `size` bytes; a file with holes keeps them, block by block.
 * @throws {FerryError} SOURCE_CHANGED when there are fewer; CANCELLED; raw system errors
 */
export async function copyContent(
  fromFd: number,
  toFd: number,
  { size, hasHoles }: { size: number; hasHoles: boolean },
  work: Work,
): Promise<void> {
  const { buffer } = work;
  for (let done = 0; done < size; ) {
    const turn = work.turn();
    if (turn !== undefined) await turn;
    const wanted = Math.min(buffer.length, size - done);
    const isSmall = wanted <= smallBytes;
    const got = isSmall
      ? readSync(fromFd, buffer, 0, wanted, done)
      : (await readOnPool(fromFd, buffer, 0, wanted, done)).bytesRead;
    if (got === 0) throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was copied');
    const content = buffer.subarray(0, got);
    if (!hasHoles || !isZero(content)) {
      if (isSmall) writeFully(toFd, content, done);
      else await writeFullyBeside(toFd, content, done);
    }
    done += got;
    work.bytes += got;
  }
  if (hasHoles) ftruncateSync(toFd, size);
}

/** Compared with itself, shifted by one: as fast as memory. */
function isZero(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));
}
