/** fdatasync on Node's thread pool. Called by staged-file.ts and journal.ts on I/O threads. */

import { closeSync, constants, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const fdatasyncOnPool = promisify(fdatasync);

/** On a descriptor of its own, so that the caller may close the given one meanwhile. @throws system errors */
export async function syncBeside(fd: number): Promise<void> {
  const own = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY);
  try {
    await fdatasyncOnPool(own);
  } finally {
    closeSync(own);
  }
}
