/** Permissions and modification time of an open file or folder. Called on I/O threads. */

import { fchmodSync, fstatSync, fsyncSync, futimesSync } from 'node:fs';
import type { Time } from '../entry.ts';
import { unlessErrno } from './errno.ts';

/** What file systems without permission bits or with coarse times answer; their files are kept as they can be. */
const cannotKeep = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'];

/** @throws raw system errors */
export function setFacts(fd: number, mode: number, modified: Time): void {
  unlessErrno(cannotKeep, () => fchmodSync(fd, mode));
  setTime(fd, modified);
}

/** @throws raw system errors */
export function setTime(fd: number, modified: Time): void {
  unlessErrno(cannotKeep, () => futimesSync(fd, Date.now() / 1000, secondsOf(modified)));
}

/**
 * As {@link setFacts}, and has the disk take them with all that was written. What is written by others while it does leaves no trace in
 * the time. @throws raw system errors
 */
export function syncWithFacts(fd: number, mode: number, modified: Time): void {
  setFacts(fd, mode, modified);
  const before = fstatSync(fd, { bigint: true });
  fsyncSync(fd);
  if (fstatSync(fd, { bigint: true }).mtimeNs !== before.mtimeNs) setTime(fd, modified);
}

/**
 * As `futimes` takes it: seconds as a double, which is exact to about a quarter of a microsecond today. A string, because
 * Node takes a negative number for "now".
 */
function secondsOf(time: Time): string {
  return String(time.s + time.ns / 1e9);
}
