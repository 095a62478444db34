/**
 * Opens the file that the queue is kept in: makes it where there is none, refuses one of a newer ferry, and moves a damaged
 * one aside after reading from it what can be read. Called by queue-store.ts; I/O thread and commands.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Code, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import { MoverLock } from './mover-lock.ts';
import { rowOf, stateOf, writeAll } from './queue-row.ts';
import { readWhatCanBeRead } from './salvage.ts';
import { isBusy, isDamage, isSqlite } from './sqlite-error.ts';
import { Damaged } from './stored-job.ts';

/** Counts the changes of the form; the program knows no later one. */
export const formVersion = 1;

/** Longest wait for another process that is writing, milliseconds. */
export const busyMs = 5000;
/** Longest wait for another process that is mending the file, milliseconds. */
const mendMs = 1000;

const schema = `
  create table job (
    id integer primary key,
    rev integer not null,
    ordered text not null,
    ordered_sum integer not null,
    wish text not null,
    wish_sum integer not null,
    fact text not null,
    fact_sum integer not null
  ) strict;
  create table state (
    one integer primary key check (one = 1),
    rev integer not null,
    next_id integer not null,
    removals integer not null,
    settings text not null,
    settings_sum integer not null
  ) strict;
  create index job_rev on job (rev);
  pragma user_version = ${formVersion};
`;

export type QueueFile = {
  readonly database: DatabaseSync;
  /** What the user must hear: the file was damaged. */
  readonly notice: FerryError | undefined;
};

/** @throws {FerryError} CONFIG: a newer ferry's file, which is left as it is; a file that cannot be opened or made */
export function openQueueFile(file: string): QueueFile {
  if (file === ':memory:') return { database: made(new DatabaseSync(file)), notice: undefined };
  try {
    makePrivateFolder(dirname(file));
    if (!existsSync(file)) publish(file, () => {});
    return openOrMend(file);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(Code.CONFIG, `the queue in ${file} cannot be used`, { cause });
  }
}

/** Which file this is, whatever it is called. */
export function identityOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`;
}

function openOrMend(file: string): QueueFile {
  try {
    return { database: openSound(file), notice: undefined };
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
  }
  // Who moves would go on writing to the damaged file, and its jobs would be moved twice.
  const lock = MoverLock.take(file, mendMs);
  if (lock === undefined)
    throw new FerryError(
      Code.CONFIG,
      `the queue in ${file} is damaged, and another ferry is moving its jobs: end that one first`,
    );
  try {
    return openSoundAgain(file) ?? mend(file);
  } finally {
    lock.release();
  }
}

/** Somebody else may have mended it meanwhile. */
function openSoundAgain(file: string): QueueFile | undefined {
  try {
    return { database: openSound(file), notice: undefined };
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return undefined;
  }
}

/** @throws {Damaged}; {FerryError} CONFIG for a newer form; system errors */
function openSound(file: string): DatabaseSync {
  checkVersion(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: busyMs });
    patiently(() => check(database as DatabaseSync));
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    if (isDamage(error)) throw new Damaged(error);
    throw error;
  }
}

/** Read-only, so that nothing of a newer ferry's file is touched. */
function checkVersion(file: string): void {
  let found: unknown;
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: busyMs });
    try {
      found = patiently(() => database.prepare('pragma user_version').get()?.['user_version']);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamage(error)) throw new Damaged(error);
    throw error;
  }
  if (found === formVersion) return;
  if (typeof found !== 'number' || found < formVersion) throw new Damaged();
  throw new FerryError(
    Code.CONFIG,
    `the queue in ${file} was written by a newer ferry (form ${found}, this one knows ${formVersion}): use that one`,
  );
}

/** Everything is read once: a path that lost a bit must not be moved. @throws {Damaged}; as SQLite */
function check(database: DatabaseSync): void {
  const verdict = database.prepare('pragma integrity_check(1)').get()?.['integrity_check'];
  if (verdict !== 'ok') throw new Damaged(verdict);
  database.exec('begin');
  try {
    const state = stateOf(database.prepare('select * from state').get());
    for (const row of database.prepare('select * from job').iterate()) {
      const { id } = rowOf(row);
      if (id >= state.nextId || Number(row['rev']) > state.rev) throw new Damaged();
    }
  } finally {
    if (database.isTransaction) database.exec('rollback');
  }
}

/** Some of what SQLite does when a file is first opened does not wait for others, whatever the timeout says. */
function patiently<T>(step: () => T): T {
  for (let waitedMs = 0; ; waitedMs += 20) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) || waitedMs >= busyMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** The damaged file keeps everything that it had under another name; what can be read goes on in a new one. */
function mend(file: string): QueueFile {
  const found = readWhatCanBeRead(file, schema);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const aside = `${file}.corrupt-${stamp}`;
  for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) linkSync(file + suffix, aside + suffix);
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  publish(file, (database) => writeAll(database, found), true);
  const jobs = found.jobs.length === 1 ? 'one job' : `${found.jobs.length} jobs`;
  return {
    database: openSound(file),
    notice: new FerryError(
      Code.CONFIG,
      `the queue file was damaged; ${jobs} could be read from it, and it is kept as ${aside}`,
    ),
  };
}

/** A file is there under its name only when it is whole, so an empty one is always a damaged one. */
function publish(file: string, fill: (database: DatabaseSync) => void, replace = false): void {
  const fresh = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    closeSync(openSync(fresh, 'wx', 0o600));
    const database = new DatabaseSync(fresh);
    try {
      fill(made(database));
    } finally {
      database.close();
    }
    if (replace) renameSync(fresh, file);
    else linkSync(fresh, file);
  } catch (error) {
    // Of several that make it at once, one wins.
    if (replace || isSqlite(error) || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function made(database: DatabaseSync): DatabaseSync {
  database.exec('pragma journal_mode = wal; pragma synchronous = full;');
  database.exec(`begin; ${schema} commit;`);
  writeAll(database, { jobs: [], settings: undefined, nextId: 1 });
  return database;
}
