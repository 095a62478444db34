/**
 * Who holds it moves what is in the queue; everybody else looks on. An exclusive lock on an empty SQLite file: the kernel
 * releases it with the process, however that ends, and it works between the threads of one process too. I/O thread and
 * commands.
 */

import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Code, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import { isBusy } from './sqlite-error.ts';

export class MoverLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * undefined when somebody else has it, also after `waitMs`, during which this thread stands still.
   * @throws {FerryError} CONFIG when the file cannot be used
   */
  static take(queueFile: string, waitMs = 0): MoverLock | undefined {
    const database = open(queueFile, waitMs);
    try {
      database.exec('begin exclusive');
      return new MoverLock(database);
    } catch (cause) {
      database.close();
      if (isBusy(cause)) return undefined;
      throw unusable(queueFile, cause);
    }
  }

  /** Whether somebody has it, us included. @throws {FerryError} CONFIG */
  static isHeld(queueFile: string): boolean {
    const database = open(queueFile, 0);
    try {
      database.prepare('select 1 from sqlite_schema').get();
      return false;
    } catch (cause) {
      if (isBusy(cause)) return true;
      throw unusable(queueFile, cause);
    } finally {
      database.close();
    }
  }

  /** Idempotent. */
  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function open(queueFile: string, timeout: number): DatabaseSync {
  const file = join(dirname(queueFile), 'queue.lock');
  try {
    makePrivateFolder(dirname(file));
    makeEmpty(file);
    return new DatabaseSync(file, { timeout });
  } catch (cause) {
    throw unusable(queueFile, cause);
  }
}

/** Readable by nobody else from its first moment on. Never opened again: closing a descriptor drops locks on its file. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function unusable(queueFile: string, cause: unknown): FerryError {
  return new FerryError(Code.CONFIG, `the lock beside ${queueFile} cannot be used`, { cause });
}
