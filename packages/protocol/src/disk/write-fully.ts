/** Writing all of a buffer where it belongs, however little the system takes at a time. Called by staged-file.ts on I/O threads. */

import { write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { Code, FerryError } from '../errors.ts';

const writeOnPool = promisify(write);

/** @throws system errors; {FerryError} IO_ERROR */
export function writeFully(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += checkProgress(writeSync(fd, bytes, done, bytes.length - done, offset + done));
  }
}

/** As {@link writeFully}, on Node's thread pool. `bytes` is lent until it resolves. */
export async function writeFullyBeside(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writeOnPool(fd, bytes, done, bytes.length - done, offset + done);
    done += checkProgress(bytesWritten);
  }
}

function checkProgress(written: number): number {
  if (written === 0) throw new FerryError(Code.IO_ERROR, 'the disk took no more bytes');
  return written;
}
