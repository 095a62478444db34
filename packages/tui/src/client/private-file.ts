/**
 * Small files that only this user may read, written whole or not at all. I/O thread.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

function writeBeside(file: string, content: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(beside, 'wx', 0o600);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return beside;
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces the file; a crash leaves the old or the new one. @throws system errors */
export function replacePrivateFile(file: string, content: string): void {
  renameSync(writeBeside(file, content), file);
  syncFolder(dirname(file));
}

/** Makes the file unless there is one; of several at once exactly one wins. False when it was there. @throws system errors */
export function createPrivateFile(file: string, content: string): boolean {
  const beside = writeBeside(file, content);
  try {
    linkSync(beside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(beside);
    syncFolder(dirname(file));
  }
}
