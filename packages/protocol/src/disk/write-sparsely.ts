/** Writing into a file that is to have holes where its source has. Called by staged-file.ts on I/O threads. */

import { readSync } from 'node:fs';
import { isZero, runsOf } from '../content/zeros.ts';
import { limits } from '../limits.ts';
import { writeFully } from './write-fully.ts';

/**
 * As {@link writeFully}, but what would be zeros over zeros is left alone: a hole stays one. Whatever was there before, the
 * file then reads as `bytes` there. At most a block; within the file's length. @throws as {@link writeFully}
 */
export function writeSparsely(fd: number, bytes: Uint8Array, offset: number): void {
  for (const { from, to, isHole } of runsOf(bytes, offset)) {
    if (isHole && readsZero(fd, offset + from, to - from)) continue;
    writeFully(fd, bytes.subarray(from, to), offset + from);
  }
}

const scratch = Buffer.alloc(limits.blockBytes);

function readsZero(fd: number, offset: number, length: number): boolean {
  for (let done = 0; done < length; ) {
    const read = readSync(fd, scratch, done, length - done, offset + done);
    if (read === 0) return false;
    done += read;
  }
  return isZero(scratch.subarray(0, length));
}
