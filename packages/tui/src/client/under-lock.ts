/**
 * One program or thread at a time: a lock beside a file, which the kernel releases with its holder, however that ends. For
 * small files that are read, changed and replaced. I/O thread and commands.
 */

import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Code, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';

/** Longest wait for another one, who needs a few milliseconds. This thread stands still meanwhile. */
const waitMs = 10_000;

/** @throws {FerryError} CONFIG when the lock cannot be had; what `work` throws */
export function underLock<T>(file: string, work: () => T): T {
  const database = lock(file);
  try {
    return work();
  } finally {
    database.close();
  }
}

/** An exclusive transaction on an empty SQLite file that never holds anything. */
function lock(file: string): DatabaseSync {
  const lockFile = `${file}.lock`;
  // Loaded by those who write, once in a while; most programs only read.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  let database: DatabaseSync | undefined;
  try {
    makePrivateFolder(dirname(file));
    makeEmpty(lockFile);
    database = new DatabaseSync(lockFile, { timeout: waitMs });
    database.exec('begin exclusive');
    return database;
  } catch (cause) {
    database?.close();
    throw new FerryError(Code.CONFIG, `${file} cannot be changed: its lock ${lockFile} cannot be had`, {
      cause,
    });
  }
}

/** Readable by nobody else from its first moment on. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
