/**
 * The file of accounts, devices and invites, opened: its tables, its settings, and what is common to all who ask it. Each
 * thread and each `ferryd` command opens it itself and SQLite keeps them apart. Worker threads and main thread.
 *
 * Secrets are never kept: of an invite's token only the SHA-256 is here, of a password its Argon2id, of a device the public key.
 */

import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Code, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import { constraintCode, isOfKind, replicaTable } from '../replica/replica-file.ts';
import type { Bounds } from './bounds.ts';

const schema = `
  create table account (
    id integer primary key autoincrement,
    user text not null unique,
    role text not null,
    root blob not null,
    rules text not null default '[]',
    expires_ms integer,
    password text,
    quota_bytes integer,
    quota_files integer,
    down_rate integer,
    up_rate integer,
    since_ms integer not null
  ) strict;
  create table device (
    key blob primary key,
    account integer not null references account (id) on delete cascade,
    label text not null,
    since_ms integer not null,
    seen_ms integer not null
  ) strict;
  create table invite (
    token_hash blob primary key,
    account integer not null references account (id) on delete cascade,
    since_ms integer not null,
    expires_ms integer not null,
    uses_left integer not null
  ) strict;
  create table kick (
    user text primary key,
    count integer not null
  ) strict;
  create table change (
    count integer not null
  ) strict;
  insert into change values (0);
`;

/** Up to the first version with rights of accounts, each device and invite had its own. The lesser of several wins. */
const fromFirstVersion = `
  insert into account (user, role, root, since_ms)
    select a.user,
      case when exists (select 1 from old_device d where d.user = a.user and d.read_only = 0)
             and not exists (select 1 from old_device d where d.user = a.user and d.read_only = 1)
           then 'owner' else 'reader' end,
      coalesce((select root from old_device d where d.user = a.user order by length(root) desc limit 1), x''),
      a.since_ms
    from old_account a;
  insert into device select d.key, a.id, '', d.since_ms, d.since_ms from old_device d join account a using (user);
  drop table old_device; drop table old_invite; drop table old_account;
`;

/** Keys that the owner gave may make further devices known. */
const fromVersion1 = 'alter table device add column may_enrol integer not null default 0';

/**
 * Shares are accounts of their own that nobody logs into by name: with their maker they go. `download` counts, where a share bounds
 * that: how often a device has said that a file arrived whole, and what has gone out to it since.
 */
const fromVersion2 = `
  alter table account add column maker integer references account (id) on delete cascade;
  create table share (
    account integer primary key references account (id) on delete cascade,
    id blob not null unique,
    kind text not null,
    paths text not null,
    downloads integer
  ) strict;
  create table download (
    share integer not null references share (account) on delete cascade,
    path blob not null,
    device blob not null,
    verified integer not null default 0,
    sent integer not null default 0,
    touched_ms integer not null,
    primary key (share, path, device)
  ) strict, without rowid;
`;

const fromVersion3 = 'alter table account add column keeps_old integer not null default 1';

/** Where the file is one of several servers': how far of what they agreed on it is. */
const fromVersion4 = replicaTable;

const version = 5;

/** Longest wait for another thread or process that is writing, milliseconds. */
const busyMs = 5000;
const retryMs = 20;

export type Row = Readonly<Record<string, unknown>>;

export type AccessFileOpts = {
  /** What is written survives a crash of ours, but the last of it perhaps no power cut: for counts that change often. */
  readonly isRelaxed?: boolean;
  /** It is the one that does what several servers have agreed on; anybody else may only read such a file. */
  readonly isReplica?: boolean;
};

export class AccessFile {
  readonly #database: DatabaseSync;
  readonly #isReplica: boolean;
  /** Every text is one of ours, so there are few. */
  readonly #statements = new Map<string, StatementSync>();

  /** @throws {FerryError} CONFIG when the file cannot be opened or is none of ours */
  constructor(file: string, { isRelaxed = false, isReplica = false }: AccessFileOpts = {}) {
    let database: DatabaseSync | undefined;
    try {
      makePrivateFolder(dirname(file));
      database = new DatabaseSync(file, { timeout: busyMs });
      chmodSync(file, 0o600);
      prepare(database);
      // What several servers agreed on is kept by the bus, and done again where a power cut took it.
      if (isRelaxed || isReplica) database.exec('pragma synchronous = normal');
      this.#isReplica = isReplica;
      this.#database = database;
    } catch (cause) {
      if (database?.isOpen === true) database.close();
      if (cause instanceof FerryError) throw cause;
      throw new FerryError(Code.CONFIG, `the list of accounts in ${file} cannot be used`, { cause });
    }
  }

  /** @throws {FerryError} IO_ERROR: a full disk or a locked file is an answer, not a bug */
  one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return onDatabase(() => this.#prepared(sql).get(...values));
  }

  /** @throws {FerryError} IO_ERROR */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return onDatabase(() => this.#prepared(sql).all(...values));
  }

  /** Within {@link inTransaction}. Gives how many rows were changed. @throws {FerryError} IO_ERROR */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return onDatabase(() => Number(this.#prepared(sql).run(...values).changes));
  }

  /**
   * All or nothing, on the disk when it returns; part of one that has begun already.
   * @throws {FerryError} IO_ERROR; CONFIG: the file is one of several servers', and not opened for that; what `work` throws
   */
  inTransaction<T>(work: () => T): T {
    if (this.#database.isTransaction) return work();
    onDatabase(() => this.#database.exec('begin immediate'));
    try {
      if (!this.#isReplica) this.#checkAlone();
      const result = work();
      onDatabase(() => this.#database.exec('commit'));
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  /** For replica/replica-file.ts alone. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /** It is one of several servers', and changed through their bus alone. @throws {FerryError} IO_ERROR */
  isReplicated(): boolean {
    return this.one('select 1 from replica') !== undefined;
  }

  #checkAlone(): void {
    if (!this.isReplicated()) return;
    throw new FerryError(
      Code.CONFIG,
      'these accounts are kept together with other servers: say which bus, with --bus nats://HOST:PORT',
    );
  }

  /** Something else than before when anybody else has written anything. Microseconds. @throws {FerryError} IO_ERROR */
  dataVersion(): unknown {
    return this.one('pragma data_version')?.['data_version'];
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Idempotent. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }
}

/**
 * Settings and tables. Changing to WAL does not wait for others who do the same at the same moment, whatever the timeout
 * says, so it is tried again.
 */
function prepare(database: DatabaseSync): void {
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    try {
      // FULL: an invite that was answered as redeemed stays redeemed after a power cut.
      database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;');
      database.exec('begin immediate');
      makeTables(database);
      database.exec('commit');
      return;
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      if (!isOfKind(error, busyCode) || waitedMs >= busyMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}

function makeTables(database: DatabaseSync): void {
  const found = Number(database.prepare('pragma user_version').get()?.['user_version']);
  if (found === version) return;
  if (found > version) {
    throw new FerryError(Code.CONFIG, 'the list of accounts is of a newer ferryd: use that one');
  }
  if (found === 0) makeFirstTables(database);
  if (found <= 1) database.exec(fromVersion1);
  if (found <= 2) database.exec(fromVersion2);
  if (found <= 3) database.exec(fromVersion3);
  database.exec(fromVersion4);
  database.exec(`pragma user_version = ${version}`);
}

/** The columns that bound an account. */
export function boundsFrom(row: Row): Bounds {
  const bound = (column: string): number | undefined =>
    row[column] === null || row[column] === undefined ? undefined : Number(row[column]);
  return {
    quotaBytes: bound('quota_bytes'),
    quotaFiles: bound('quota_files'),
    downRate: bound('down_rate'),
    upRate: bound('up_rate'),
    keepsOld: row['keeps_old'] !== 0,
  };
}

function makeFirstTables(database: DatabaseSync): void {
  const isOld = database.prepare(`select 1 from sqlite_master where name = 'account'`).get() !== undefined;
  if (isOld) {
    for (const table of ['account', 'device', 'invite']) {
      database.exec(`alter table ${table} rename to old_${table}`);
    }
  }
  database.exec(schema);
  if (isOld) database.exec(fromFirstVersion);
}

const busyCode = 5;

function onDatabase<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw cause;
    // Whatever machine tries it: a rule of the tables, and not the disk.
    if (isOfKind(cause, constraintCode)) {
      throw new FerryError(Code.CONFLICT, 'that is there already, or what it belongs to has gone', { cause });
    }
    throw new FerryError(Code.IO_ERROR, 'the list of accounts cannot be used now', { cause });
  }
}
