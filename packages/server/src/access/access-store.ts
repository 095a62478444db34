/**
 * What a server asks about accounts: whose is this key, is this invite good, has anything changed. Each thread has its own,
 * over the same file. Worker threads, and the main thread at start.
 */

import { createHash } from 'node:crypto';
import { Code, decodePath, FerryError, type Path } from '@ferry/protocol';
import { AccessFile, boundsFrom, type Row } from './access-file.ts';
import type { Account, Principal } from './principal.ts';
import { decodeRules, isRole, type Role } from './rights.ts';
import { withinMaker } from './within-maker.ts';

/** When a device was seen is written down again after this long, milliseconds: not with every login. */
const seenMs = 3_600_000;

const principalColumns = `account.id, account.user, account.role, account.root, account.rules, account.expires_ms,
  account.quota_bytes, account.quota_files, account.down_rate, account.up_rate, account.keeps_old, account.maker,
  coalesce((select count from kick where kick.user = account.user), 0) as kicks`;

export class AccessStore {
  readonly #file: AccessFile;
  #ownChanges = 0;

  /** @throws {FerryError} CONFIG when the file cannot be opened or is none of ours */
  constructor(file: string | AccessFile) {
    this.#file = typeof file === 'string' ? new AccessFile(file) : file;
  }

  /** True while nobody has been let in yet. */
  hasNoDevices(): boolean {
    return this.#file.one('select 1 from device limit 1') === undefined;
  }

  /** Who has this device key now; undefined for nobody, also when the account has expired. */
  principalOf(deviceKey: Uint8Array, nowMs: number): Principal | undefined {
    const row = this.#file.one(
      `select ${principalColumns} from device join account on account.id = device.account where key = ?`,
      deviceKey,
    );
    const principal = row === undefined ? undefined : this.#withinMaker(row, toPrincipal(row, deviceKey));
    return (principal?.account?.expiresMs ?? Infinity) > nowMs ? principal : undefined;
  }

  /** A share is held against its maker; anybody else is as they are. */
  #withinMaker(row: Row, own: OfAccount): OfAccount | undefined {
    if (row['maker'] === null) return own;
    const { id, device, expiresMs } = own.account;
    const share = this.#file.one('select downloads from share where account = ?', id);
    const makersRow = this.#file.one(
      `select ${principalColumns} from account where id = ?`,
      Number(row['maker']),
    );
    if (share === undefined || makersRow === undefined) return undefined;
    const { user, account, root, rights } = toPrincipal(makersRow, device);
    const downloads = share['downloads'] === null ? undefined : Number(share['downloads']);
    return {
      ...own,
      rights: withinMaker(own, { rights, root }),
      account: {
        id,
        device,
        expiresMs: Math.min(expiresMs, account.expiresMs),
        bounds: account.bounds,
        share: { maker: { id: account.id, user, root }, downloads },
      },
    };
  }

  /** Whether it has not been noted for a while that the device was here. */
  isUnseen(deviceKey: Uint8Array, nowMs: number): boolean {
    const row = this.#file.one('select seen_ms from device where key = ?', deviceKey);
    return row !== undefined && nowMs - Number(row['seen_ms']) >= seenMs;
  }

  /** Notes that the device was here, now and then. */
  sawDevice(deviceKey: Uint8Array, nowMs: number): void {
    if (!this.isUnseen(deviceKey, nowMs)) return;
    this.#file.inTransaction(() =>
      this.#file.run('update device set seen_ms = ? where key = ?', nowMs, deviceKey),
    );
  }

  /**
   * Uses an invite once and makes the device known, both or neither. undefined when there is no such invite, or it or its
   * account is spent or has expired; nothing is changed then. A device that was known before belongs to the invite's account
   * from now on; but a share never takes a device from its account: clients have another key for each share.
   */
  redeem(token: Uint8Array, deviceKey: Uint8Array, label: string, nowMs: number): Principal | undefined {
    const isGood = this.redeemHash(hashOf(token), deviceKey, label, nowMs);
    return isGood ? this.principalOf(deviceKey, nowMs) : undefined;
  }

  /** The same, of a token that only its hash is known of: whether it was good. */
  redeemHash(tokenHash: Uint8Array, deviceKey: Uint8Array, label: string, nowMs: number): boolean {
    return this.#file.inTransaction(() => {
      const invite = this.#file.one(
        `update invite set uses_left = uses_left - 1
         where token_hash = ? and uses_left > 0 and expires_ms > ?
           and account in (select id from account where expires_ms is null or expires_ms > ?)
         returning account`,
        tokenHash,
        nowMs,
        nowMs,
      );
      if (invite === undefined) return false;
      const account = Number(invite['account']);
      if (this.#isShare(account) && this.#isOfAnother(deviceKey, account)) {
        throw new FerryError(
          Code.FORBIDDEN,
          'this device has an account here, which a share must not replace: use the line as it was given, or another device',
        );
      }
      this.#addDevice(account, deviceKey, label, nowMs);
      return true;
    });
  }

  /** It is one of several servers', and changed through their bus alone. @throws {FerryError} IO_ERROR */
  isReplicated(): boolean {
    return this.#file.isReplicated();
  }

  /** The account of that name as it is now; undefined when there is none, or it has expired. */
  accountOf(
    user: string,
    nowMs: number,
  ): { readonly id: number; readonly role: Role; readonly root: Path } | undefined {
    const row = this.#file.one(
      `select id, role, root from account
       where user = ? and maker is null and (expires_ms is null or expires_ms > ?)`,
      user,
      nowMs,
    );
    const { id, role, root } = row ?? {};
    if (typeof role !== 'string' || !isRole(role) || !(root instanceof Uint8Array)) return undefined;
    return { id: Number(id), role, root: decodePath(root) };
  }

  /** What the account's password is checked against. An account that has expired has none. */
  passwordOf(user: string, nowMs: number): { readonly account: number; readonly record: string } | undefined {
    const row = this.#file.one(
      `select id, password from account
       where user = ? and password is not null and (expires_ms is null or expires_ms > ?)`,
      user,
      nowMs,
    );
    return row === undefined ? undefined : { account: Number(row['id']), record: String(row['password']) };
  }

  /** The same password, kept in another form. */
  renewPassword(account: number, record: string): void {
    this.#file.inTransaction(() =>
      this.#file.run('update account set password = ? where id = ?', record, account),
    );
  }

  /** Makes a device known to an account; undefined when that has gone or expired. A device of another account changes over. */
  enrol(account: number, deviceKey: Uint8Array, label: string, nowMs: number): Principal | undefined {
    return this.#file.inTransaction(() => {
      if (this.#file.one('select 1 from account where id = ?', account) === undefined) return undefined;
      this.#addDevice(account, deviceKey, label, nowMs);
      return this.principalOf(deviceKey, nowMs);
    });
  }

  /** Whether this device is one that the owner named, and not one that an invite or a password let in. */
  mayEnrol(deviceKey: Uint8Array): boolean {
    return this.#file.one('select 1 from device where key = ? and may_enrol = 1', deviceKey) !== undefined;
  }

  #addDevice(account: number, deviceKey: Uint8Array, label: string, nowMs: number): void {
    // Connections of a device that changes its account are other people's from now on.
    if (this.#isOfAnother(deviceKey, account)) {
      this.#file.run('update change set count = count + 1');
      this.#ownChanges += 1;
    }
    this.#file.run(
      `insert into device values (?, ?, ?, ?, ?, 0) on conflict (key) do update set account = excluded.account`,
      deviceKey,
      account,
      label,
      nowMs,
      nowMs,
    );
  }

  #isOfAnother(deviceKey: Uint8Array, account: number): boolean {
    const sql = 'select 1 from device where key = ? and account <> ?';
    return this.#file.one(sql, deviceKey, account) !== undefined;
  }

  #isShare(account: number): boolean {
    return this.#file.one('select 1 from share where account = ?', account) !== undefined;
  }

  /** How often the owner has closed this user's connections. */
  kicksOf(user: string): number {
    return Number(this.#file.one('select count from kick where user = ?', user)?.['count'] ?? 0);
  }

  /** As AccessFile.dataVersion, and other than before too when this one has changed whose a device is, which SQLite would not tell it. */
  dataVersion(): unknown {
    return `${String(this.#file.dataVersion())}.${this.#ownChanges}`;
  }

  /** Grows with everything that may concern those who are connected. */
  changes(): number {
    return Number(this.#file.one('select count from change')?.['count']);
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }
}

export function hashOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest();
}

type OfAccount = Principal & { readonly account: Account };

function toPrincipal(row: Row, device: Uint8Array): OfAccount {
  const { id, user, role, root, rules, expires_ms: expiresMs, kicks } = row;
  if (
    typeof user !== 'string' ||
    typeof role !== 'string' ||
    !isRole(role) ||
    !(root instanceof Uint8Array) ||
    typeof rules !== 'string'
  ) {
    throw new Error('a row of the wrong form');
  }
  return {
    user,
    account: {
      id: Number(id),
      device,
      expiresMs: expiresMs === null ? Infinity : Number(expiresMs),
      bounds: boundsFrom(row),
    },
    rights: { role, rules: decodeRules(rules) },
    root: decodePath(root),
    kicks: Number(kicks),
  };
}
