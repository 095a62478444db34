/**
 * Opens the file that the chat is kept in: makes it where there is none, and moves a damaged one aside. Called by
 * chat-history.ts on worker threads, and by serve.ts, before those start, on the main thread.
 */

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Code, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import { messageIdBytes } from '@ferry/protocol/messages';
import { constraintCode, isOfKind, replicaTable } from '../replica/replica-file.ts';

const formVersion = 3;
/** Longest wait for another thread that is writing, milliseconds. */
const busyMs = 2000;
/**
 * Numbers that are left out after a power cut, more than anybody can have said since the disk was last told: a number that
 * somebody has seen is never given to another message.
 */
const leapAfterPowerCut = 2 ** 20;

const schema = `
  create table state (
    one integer primary key check (one = 1),
    generation blob not null,
    boot text not null
  ) strict;
  create table room (
    id integer primary key autoincrement,
    scope blob not null,
    kind integer not null,
    name text not null,
    one integer,
    other integer,
    other_name text,
    salt blob,
    seal_check blob,
    maker text not null,
    last integer not null default 0,
    last_ms integer not null,
    count integer not null default 0,
    bytes integer not null default 0
  ) strict;
  create unique index room_by_name on room (scope, name) where kind <> 2;
  create unique index room_by_pair on room (scope, one, other) where kind = 2;
  create table message (
    room integer not null references room (id) on delete cascade,
    seq integer not null,
    ms integer not null,
    sender text not null,
    id blob not null,
    body blob not null,
    bytes integer not null,
    sum integer not null,
    primary key (room, seq)
  ) strict, without rowid;
  create unique index message_by_id on message (room, sender, id);
  create table pace (sender text primary key, paid_ms real not null) strict;
`;

/** Who says nothing, until when; null: until somebody says otherwise. */
const muteTable = `
  create table mute (
    scope blob not null,
    sender text not null,
    until_ms integer,
    primary key (scope, sender)
  ) strict;
`;

/** Where the chat is several servers'. */
const fromVersion1 = `${replicaTable}`;

/** @throws {FerryError} CONFIG: of a newer ferryd, or not to be opened; IO_ERROR: damaged */
export function openChatFile(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: busyMs });
    // What was said survives this program's end; the last of it perhaps not a power cut's, and nothing else waits for the disk.
    database.exec(
      'pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma secure_delete = on;',
    );
    return database;
  } catch (cause) {
    if (database?.isOpen === true) database.close();
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(Code.IO_ERROR, 'what was said in the chat cannot be read', { cause });
  }
}

/**
 * Once, before anybody opens it. A damaged file is kept under another name, which is returned, and a new one begun.
 * @throws {FerryError} CONFIG: a newer ferryd's, which is left as it is; a file that cannot be made
 */
export function prepareChatFile(file: string): string | undefined {
  try {
    makePrivateFolder(dirname(file));
    const aside = existsSync(file) && !isSound(file) ? moveAside(file) : undefined;
    const database = openChatFile(file);
    try {
      chmodSync(file, 0o600);
      begin(database);
    } finally {
      database.close();
    }
    return aside;
  } catch (cause) {
    if (cause instanceof FerryError && cause.code === Code.CONFIG) throw cause;
    throw new FerryError(Code.CONFIG, `the chat in ${file} cannot be used`, { cause });
  }
}

/** @throws {FerryError} CONFIG */
function isSound(file: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = openChatFile(file);
    const found = Number(database.prepare('pragma user_version').get()?.['user_version']);
    if (found > formVersion) {
      throw new FerryError(Code.CONFIG, `the chat in ${file} was kept by a newer ferryd: use that one`);
    }
    const verdict = database.prepare('pragma integrity_check(1)').get()?.['integrity_check'];
    // An empty file is one that was about to be made.
    if (verdict !== 'ok' || found === 0) return verdict === 'ok' && isEmpty(database);
    return database.prepare('select 1 from state').get() !== undefined;
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.CONFIG) throw error;
    return false;
  } finally {
    if (database?.isOpen === true) database.close();
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('select 1 from sqlite_master').get() === undefined;
}

function begin(database: DatabaseSync): void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  database.exec('begin immediate');
  try {
    if (isEmpty(database)) {
      database.exec(schema);
      database.prepare('insert into state values (1, ?, ?)').run(randomBytes(messageIdBytes), boot);
    }
    const found = Number(database.prepare('pragma user_version').get()?.['user_version']);
    if (found < 2) database.exec(fromVersion1);
    if (found < 3) database.exec(`${muteTable} pragma user_version = ${formVersion};`);
    const before = database.prepare('select boot from state').get()?.['boot'];
    // What several servers say is numbered by their log, and done again where a power cut took it.
    const isAlone = database.prepare('select 1 from replica').get() === undefined;
    if (before !== boot && isAlone) {
      database.prepare('update room set last = last + ?').run(leapAfterPowerCut);
      database.prepare('update state set boot = ?').run(boot);
    }
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

function moveAside(file: string): string {
  const aside = `${file}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(file, aside);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  return aside;
}

/** What goes wrong with the file, as our own errors. */
export function onFile<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw cause;
    // Whatever machine tries it: a rule of the tables, and not the disk.
    if (isOfKind(cause, constraintCode))
      throw new FerryError(Code.CONFLICT, 'that is there already', { cause });
    throw new FerryError(Code.IO_ERROR, 'the chat cannot be kept now', { cause });
  }
}
