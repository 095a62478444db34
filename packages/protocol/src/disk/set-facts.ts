/** Permissions and modification time of an open file or folder. Called on I/O threads. */

import { fchmodSync, futimesSync } from 'node:fs';
import type { Time } from '../entry.ts';
import { unlessErrno } from './errno.ts';

/** What file systems without permission bits or with coarse times answer; their files are kept as they can be. */
const cannotKeep = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'];

/** @throws raw system errors */
export function setFacts(fd: number, mode: number, modified: Time): void {
  unlessErrno(cannotKeep, () => fchmodSync(fd, mode));
  unlessErrno(cannotKeep, () => futimesSync(fd, Date.now() / 1000, secondsOf(modified)));
}

/**
 * As `futimes` takes it: seconds as a double, which is exact to about a quarter of a microsecond today. A string, because
 * Node takes a negative number for "now".
 */
function secondsOf(time: Time): string {
  return String(time.s + time.ns / 1e9);
}
