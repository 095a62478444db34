/** rename that replaces a file and never a folder. Called on I/O threads. */

import { renameSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { unlessErrno } from './errno.ts';
import type { KeptVersion } from './old-versions.ts';

/** @param kept the version that is replaced, where it has a second name @throws {FerryError} EXISTS for a folder; raw system errors */
export function renameOver(from: Buffer, to: Buffer, kept?: KeptVersion): void {
  let done = false;
  try {
    done = unlessErrno(['EISDIR', 'ENOTEMPTY', 'EEXIST'], () => renameSync(from, to));
  } finally {
    if (!done) kept?.forget();
  }
  if (!done) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
}
