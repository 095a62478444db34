/**
 * Accounts, invites and device keys on disk, shared by all threads and by `ferryd invite`: each opens the file itself and
 * SQLite keeps them apart, so what one writes all others see with their next question. Worker threads and main thread.
 *
 * Secrets are never kept: of an invite's token only the SHA-256 is here, of a device only the public key.
 */

import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Code, decodePath, encodePath, FerryError, type Path } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import { type Principal, roleOf } from './principal.ts';

export type InviteSpec = {
  readonly token: Uint8Array;
  readonly user: string;
  readonly readOnly: boolean;
  readonly root: Path;
  readonly expiresMs: number;
  readonly uses: number;
};

const schema = `
  create table if not exists account (
    user text primary key,
    since_ms integer not null
  ) strict;
  create table if not exists device (
    key blob primary key,
    user text not null references account (user),
    read_only integer not null,
    root blob not null,
    since_ms integer not null
  ) strict;
  create table if not exists invite (
    token_hash blob primary key,
    user text not null,
    read_only integer not null,
    root blob not null,
    expires_ms integer not null,
    uses_left integer not null
  ) strict;
`;

/** Longest wait for another thread or process that is writing, milliseconds. */
const busyMs = 5000;
const retryMs = 20;

export class AccessStore {
  readonly #database: DatabaseSync;

  /** @throws {FerryError} CONFIG when the file cannot be opened or is none of ours */
  constructor(file: string) {
    try {
      makePrivateFolder(dirname(file));
      this.#database = new DatabaseSync(file, { timeout: busyMs });
      chmodSync(file, 0o600);
      prepare(this.#database);
    } catch (cause) {
      throw new FerryError(Code.CONFIG, `the list of accounts in ${file} cannot be used`, { cause });
    }
  }

  /** True while nobody has been let in yet. */
  hasNoDevices(): boolean {
    return onDatabase(() => this.#database.prepare('select 1 from device limit 1').get() === undefined);
  }

  addInvite(spec: InviteSpec): void {
    onDatabase(() =>
      this.#database
        .prepare('insert into invite values (?, ?, ?, ?, ?, ?)')
        .run(
          hashOf(spec.token),
          spec.user,
          spec.readOnly ? 1 : 0,
          encodePath(spec.root),
          spec.expiresMs,
          spec.uses,
        ),
    );
  }

  /** Who has this device key; undefined for nobody. */
  principalOf(deviceKey: Uint8Array): Principal | undefined {
    return onDatabase(() => {
      const row = this.#database
        .prepare('select user, read_only, root from device where key = ?')
        .get(deviceKey);
      return row === undefined ? undefined : toPrincipal(row);
    });
  }

  /**
   * Uses an invite once and makes the device known, both or neither. undefined when there is no such invite, or it is
   * spent or has expired; nothing is changed then. A device that was known before gets the invite's rights.
   */
  redeem(token: Uint8Array, deviceKey: Uint8Array, nowMs: number): Principal | undefined {
    return onDatabase(() =>
      this.#inTransaction(() => {
        const invite = this.#database
          .prepare(
            `update invite set uses_left = uses_left - 1
             where token_hash = ? and uses_left > 0 and expires_ms > ? returning user, read_only, root`,
          )
          .get(hashOf(token), nowMs);
        if (invite === undefined) return undefined;
        const { user, read_only, root } = invite;
        if (user === undefined || read_only === undefined || root === undefined)
          throw new Error('a column is missing');
        this.#database.prepare('insert or ignore into account values (?, ?)').run(user, nowMs);
        this.#database
          .prepare('insert or replace into device values (?, ?, ?, ?, ?)')
          .run(deviceKey, user, read_only, root, nowMs);
        return toPrincipal(invite);
      }),
    );
  }

  /** Idempotent. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #inTransaction<T>(work: () => T): T {
    this.#database.exec('begin immediate');
    try {
      const result = work();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
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
      database.exec(schema);
      return;
    } catch (error) {
      if (!isBusy(error) || waitedMs >= busyMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}

/** SQLITE_BUSY and its kin. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

function hashOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest();
}

function toPrincipal(row: Readonly<Record<string, unknown>>): Principal {
  const { user, read_only: readOnly, root } = row;
  if (typeof user !== 'string' || !(root instanceof Uint8Array)) throw new Error('a row of the wrong form');
  return { user, role: roleOf(readOnly !== 0), root: decodePath(root) };
}

/** A full disk or a locked file is an answer, not a bug. */
function onDatabase<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw cause;
    throw new FerryError(Code.IO_ERROR, 'the list of accounts cannot be used now', { cause });
  }
}
