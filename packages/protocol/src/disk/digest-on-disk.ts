/** What a block of a partial file holds now. Called by staged-file.ts on I/O threads. */

import { readSync } from 'node:fs';
import { blockLength, blockOffset } from '../content/block.ts';
import { blockDigest } from '../content/digest.ts';
import { onDisk } from './errno.ts';

/** `buffer` has room for a block. undefined for a block that is not wholly there. @throws {FerryError} IO_ERROR */
export function digestOnDisk(
  fd: number,
  sizeBytes: number,
  index: number,
  buffer: Buffer,
): Uint8Array | undefined {
  const length = blockLength(sizeBytes, index);
  const content = buffer.subarray(0, length);
  for (let done = 0; done < length; ) {
    const read = onDisk(() => readSync(fd, content, done, length - done, blockOffset(index) + done));
    if (read === 0) return undefined;
    done += read;
  }
  return length === 0 ? undefined : blockDigest(content);
}
