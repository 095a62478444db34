/**
 * What the owner changes and looks at: accounts, their devices and invites. A running server notices by itself. Changed
 * by access/operations.ts, and looked at by all who show them; any thread.
 */

import { Code, decodePath, encodePath, FerryError, type Path, show } from '@ferry/protocol';
import { shareUserPrefix } from '@ferry/protocol/session';
import { AccessFile, boundsFrom, type Row } from './access-file.ts';
import { hashOf } from './access-store.ts';
import { type Bounds, unbounded } from './bounds.ts';
import { guestName } from './principal.ts';
import { decodeRules, encodeRules, isRole, type Role, type Rule } from './rights.ts';

export type AccountSettings = {
  readonly role: Role;
  /** The folder below the shared one that they see as the root. */
  readonly root: Path;
  readonly rules: readonly Rule[];
  /** Milliseconds since 1970; undefined: never. */
  readonly expiresMs: number | undefined;
  readonly bounds: Bounds;
};

export type AccountFacts = AccountSettings & {
  readonly id: number;
  readonly user: string;
  readonly hasPassword: boolean;
  readonly devices: number;
  /** Invites that somebody can still use. */
  readonly invites: number;
  readonly sinceMs: number;
};

export type DeviceFacts = {
  readonly user: string;
  /** Ed25519, raw, 32 bytes. */
  readonly key: Uint8Array;
  /** What the device called itself, or the comment of its key: foreign text. */
  readonly label: string;
  readonly sinceMs: number;
  /** Within the hour. */
  readonly seenMs: number;
};

export type InviteFacts = {
  readonly user: string;
  /** Names it for the owner; worthless to a guest. */
  readonly tokenHash: Uint8Array;
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly usesLeft: number;
};

export const newAccount: AccountSettings = {
  role: 'owner',
  root: [],
  rules: [],
  expiresMs: undefined,
  bounds: unbounded,
};

export class Accounts {
  readonly #file: AccessFile;

  /** @throws {FerryError} as AccessFile */
  constructor(file: string | AccessFile) {
    this.#file = typeof file === 'string' ? new AccessFile(file) : file;
  }

  /** @throws {FerryError} USAGE when there is one of that name, or the name cannot be used */
  add(user: string, settings: AccountSettings, nowMs: number): void {
    checkUser(user);
    this.#change(() => {
      if (this.get(user) !== undefined) {
        throw new FerryError(Code.USAGE, `there is an account ${user} already: see ferryd user set`);
      }
      this.#file.run(
        'insert into account (user, role, root, since_ms) values (?, ?, ?, ?)',
        user,
        settings.role,
        encodePath([]),
        nowMs,
      );
      this.#write(user, settings);
    });
  }

  get(user: string): AccountFacts | undefined {
    return this.list().find((account) => account.user === user);
  }

  /** By name. */
  list(nowMs: number = Date.now()): readonly AccountFacts[] {
    return this.#file
      .all(
        `select account.*, (select count(*) from device where account = account.id) as devices,
           (select count(*) from invite where account = account.id and uses_left > 0 and expires_ms > ?) as invites
         from account where maker is null order by user`,
        nowMs,
      )
      .map(toFacts);
  }

  /** @throws {FerryError} USAGE when there is no such account, or nobody would be owner any more */
  set(user: string, change: Partial<AccountSettings>): void {
    this.#change(() => {
      const facts = this.#need(user);
      const settings = { ...facts, ...change };
      if (settings.role !== 'owner') this.#keepAnOwner(user);
      this.#write(user, settings);
    });
  }

  /** With its devices and invites. @throws {FerryError} as {@link set} */
  remove(user: string): void {
    this.#change(() => {
      this.#need(user);
      this.#keepAnOwner(user);
      this.#file.run('delete from account where user = ?', user);
    });
  }

  /** Forgets its devices, invites, password and shares, and keeps the account. @throws {FerryError} USAGE when there is none */
  revoke(user: string): void {
    this.#change(() => {
      const id = this.#need(user).id;
      this.#file.run('delete from device where account = ?', id);
      this.#file.run('delete from invite where account = ?', id);
      this.#file.run('delete from account where maker = ?', id);
      this.#file.run('update account set password = null where id = ?', id);
    });
  }

  /** undefined: none any more. Devices that are known stay so. @throws {FerryError} USAGE when there is no such account */
  setPassword(user: string, record: string | undefined): void {
    this.#change(() => {
      const { id } = this.#need(user);
      this.#file.run('update account set password = ? where id = ?', record ?? null, id);
    });
  }

  /** Ends the user's connections as they are; devices and rights stay. @throws {FerryError} USAGE when there is none */
  kick(user: string): void {
    this.#change(() => {
      if (user !== guestName) this.#need(user);
      this.#file.run(
        'insert into kick values (?, 1) on conflict (user) do update set count = count + 1',
        user,
      );
    });
  }

  /** @throws {FerryError} USAGE when there is no such account */
  addInvite(user: string, token: Uint8Array, expiresMs: number, uses: number, nowMs: number): void {
    this.addInviteOf(user, hashOf(token), expiresMs, uses, nowMs);
  }

  /** The same, of a token that only its hash is known of. @throws {FerryError} USAGE when there is no such account */
  addInviteOf(user: string, tokenHash: Uint8Array, expiresMs: number, uses: number, nowMs: number): void {
    this.#change(() => {
      const { id } = this.#need(user);
      this.#file.run('insert into invite values (?, ?, ?, ?, ?)', tokenHash, id, nowMs, expiresMs, uses);
    });
  }

  /** Those that somebody can still use. */
  invites(nowMs: number): readonly InviteFacts[] {
    return this.#file
      .all(
        `select token_hash, user, invite.since_ms, invite.expires_ms, uses_left
         from invite join account on account.id = invite.account
         where uses_left > 0 and invite.expires_ms > ? order by invite.expires_ms`,
        nowMs,
      )
      .map((row) => ({
        user: textOf(row, 'user'),
        tokenHash: bytesOf(row, 'token_hash'),
        sinceMs: Number(row['since_ms']),
        expiresMs: Number(row['expires_ms']),
        usesLeft: Number(row['uses_left']),
      }));
  }

  /** Makes it worthless. */
  removeInvite(tokenHash: Uint8Array): void {
    this.#change(() => this.#file.run('delete from invite where token_hash = ?', tokenHash));
  }

  /** Such a device may make others known. @throws {FerryError} USAGE when there is no such account, or the key is another's */
  addDevice(user: string, key: Uint8Array, label: string, nowMs: number): void {
    this.#change(() => {
      const { id } = this.#need(user);
      const other = this.#file.one(
        'select user from device join account on account.id = device.account where key = ?',
        key,
      );
      if (other !== undefined && other['user'] !== user) {
        throw new FerryError(Code.USAGE, `that key belongs to the account ${textOf(other, 'user')}`);
      }
      this.#file.run('insert or ignore into device values (?, ?, ?, ?, ?, 1)', key, id, label, nowMs, nowMs);
    });
  }

  /** By account, the latest first. */
  devices(): readonly DeviceFacts[] {
    return this.#file
      .all(
        `select user, key, label, device.since_ms, seen_ms from device join account on account.id = device.account
         order by user, seen_ms desc`,
      )
      .map((row) => ({
        user: textOf(row, 'user'),
        key: bytesOf(row, 'key'),
        label: textOf(row, 'label'),
        sinceMs: Number(row['since_ms']),
        seenMs: Number(row['seen_ms']),
      }));
  }

  removeDevice(key: Uint8Array): void {
    this.#change(() => this.#file.run('delete from device where key = ?', key));
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }

  /** All or nothing. @throws what `work` throws */
  together<T>(work: () => T): T {
    return this.#file.inTransaction(work);
  }

  /** Running servers look again after it. */
  #change(work: () => void): void {
    this.#file.inTransaction(() => {
      work();
      this.#file.run('update change set count = count + 1');
    });
  }

  #write(user: string, { role, root, rules, expiresMs, bounds }: AccountSettings): void {
    this.#file.run(
      `update account set role = ?, root = ?, rules = ?, expires_ms = ?,
         quota_bytes = ?, quota_files = ?, down_rate = ?, up_rate = ?, keeps_old = ? where user = ?`,
      role,
      encodePath(root),
      encodeRules(rules),
      expiresMs ?? null,
      bounds.quotaBytes ?? null,
      bounds.quotaFiles ?? null,
      bounds.downRate ?? null,
      bounds.upRate ?? null,
      bounds.keepsOld ? 1 : 0,
      user,
    );
  }

  #need(user: string): AccountFacts {
    const facts = this.get(user);
    if (facts === undefined) {
      throw new FerryError(Code.USAGE, `there is no account ${show(user)}: see ferryd user list`);
    }
    return facts;
  }

  /** @throws {FerryError} USAGE when this account is the only owner who can get in */
  #keepAnOwner(user: string): void {
    const owners = this.#file.all(
      `select user from account where role = 'owner' and (password is not null or id in (select account from device))`,
    );
    if (owners.length === 1 && owners[0]?.['user'] === user) {
      throw new FerryError(
        Code.USAGE,
        `${user} is the only owner: make somebody else owner first, with ferryd user set NAME --role owner`,
      );
    }
  }
}

/** @throws {FerryError} USAGE */
export function checkUser(user: string): void {
  if (user.startsWith(shareUserPrefix)) {
    throw new FerryError(Code.USAGE, `names that begin with ${shareUserPrefix} belong to shares`);
  }
  if (/^[^\s/@:#]{1,64}$/u.test(user) && Buffer.byteLength(user) <= 256 && show(user) === user) return;
  throw new FerryError(
    Code.USAGE,
    'a name of an account has at most 64 characters, no blanks, and none of / @ : #',
  );
}

function toFacts(row: Row): AccountFacts {
  const role = textOf(row, 'role');
  if (!isRole(role)) throw new Error('a role that does not exist');
  const { expires_ms: expiresMs } = row;
  return {
    id: Number(row['id']),
    user: textOf(row, 'user'),
    role,
    root: decodePath(Buffer.from(bytesOf(row, 'root'))),
    rules: decodeRules(textOf(row, 'rules')),
    expiresMs: expiresMs === null ? undefined : Number(expiresMs),
    bounds: boundsFrom(row),
    hasPassword: row['password'] !== null,
    devices: Number(row['devices']),
    invites: Number(row['invites']),
    sinceMs: Number(row['since_ms']),
  };
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`the column ${column} is missing`);
  return value;
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new Error(`the column ${column} is missing`);
  return value;
}
