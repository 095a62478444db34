/**
 * Small files that belong to one user (keys, pins): written whole or not at all, readable by nobody else. A door of its own,
 * so that who needs only this loads only this. Both programs, at start and when something is remembered.
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
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { closing } from './at.ts';
import { unlessErrno } from './errno.ts';

/** The folder is there, and stays there. @throws system errors */
export function makePrivateFolder(folder: string): void {
  const outermost = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (outermost === undefined) return;
  for (let made = resolve(folder); made.length >= outermost.length; made = dirname(made)) {
    // One may be allowed to add to a folder and not to look into it.
    unlessErrno(['EACCES', 'EINVAL'], () => syncFolder(dirname(made)));
  }
}

/** Puts the text in the file's place, whatever was there. @throws system errors; leaves the old file then */
export function replacePrivateFile(file: string, text: string): void {
  writeBeside(file, text, (fresh) => renameSync(fresh, file));
}

/** False when the file is there already: of several that try at once, one wins. @throws system errors */
export function createPrivateFile(file: string, text: string): boolean {
  return writeBeside(file, text, (fresh) => {
    try {
      linkSync(fresh, file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return false;
    } finally {
      unlinkSync(fresh);
    }
  });
}

function writeBeside<T>(file: string, text: string, publish: (fresh: string) => T): T {
  const folder = dirname(file);
  makePrivateFolder(folder);
  const fresh = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  const fd = openSync(fresh, 'wx', 0o600);
  try {
    // Until all is written, where writeSync stops after what the system took at once.
    writeFileSync(fd, text);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(fresh);
    throw error;
  } finally {
    closeSync(fd);
  }
  const published = publish(fresh);
  syncFolder(folder);
  return published;
}

function syncFolder(folder: string): void {
  closing(openSync(folder, 'r'), fsyncSync);
}
