/** rename that replaces a file and never a folder. Called on I/O threads. */

import { renameSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { unlessErrno } from './errno.ts';

/** @throws {FerryError} EXISTS for a folder; raw system errors */
export function renameOver(from: Buffer, to: Buffer): void {
  const done = unlessErrno(['EISDIR', 'ENOTEMPTY', 'EEXIST'], () => renameSync(from, to));
  if (!done) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
}
