/** `ferryd user …`: accounts, made and changed beside a running server. Main thread. */

import { Code, FerryError, show } from '@ferry/protocol';
import { askSecret } from '@ferry/protocol/terminal/ask-secret';
import { type AccountFacts, type Accounts, newAccount } from '../access/accounts.ts';
import { unbounded } from '../access/bounds.ts';
import { deviceId, idOf } from '../access/device-id.ts';
import { hashPassword } from '../access/password.ts';
import { readPublicKey } from './public-key.ts';
import {
  boundsText,
  boundsWith,
  pathText,
  ruleText,
  type SettingsOptions,
  settingsFrom,
} from './settings.ts';
import { day, minute, table } from './table.ts';

export type UserOptions = SettingsOptions & {
  /** A file with an OpenSSH public key. */
  readonly key?: string;
};

export function addUser(accounts: Accounts, user: string, options: UserOptions): string {
  // Read first: a file that cannot be used leaves no account behind.
  const key = options.key === undefined ? undefined : readPublicKey(options.key);
  const bounds = boundsWith(unbounded, options);
  accounts.add(
    user,
    { ...newAccount, role: 'writer', ...settingsFrom(options, Date.now()), bounds },
    Date.now(),
  );
  if (key === undefined) return `${user} is added; let them in with: ferryd invite --user ${user}\n`;
  accounts.addDevice(user, key.key, key.comment, Date.now());
  return `${user} is added and gets in with that key: ferry ferry://${user}@HOST\n`;
}

/** @param noRules the rules there were are gone */
export function setUser(accounts: Accounts, user: string, options: UserOptions, noRules: boolean): string {
  const before = accounts.get(user);
  if (before === undefined) throw noAccount(user);
  const key = options.key === undefined ? undefined : readPublicKey(options.key);
  if (Object.keys(options).length === 0 && !noRules) {
    throw new FerryError(Code.USAGE, 'say what to change: see ferryd user set --help');
  }
  accounts.set(user, {
    ...(noRules ? { rules: [] } : {}),
    ...settingsFrom(options, Date.now()),
    bounds: boundsWith(before.bounds, options),
  });
  if (key !== undefined) accounts.addDevice(user, key.key, key.comment, Date.now());
  const facts = accounts.get(user);
  return facts === undefined ? '' : listOf([facts]);
}

export async function setPassword(accounts: Accounts, user: string, none: boolean): Promise<string> {
  if (accounts.get(user) === undefined) throw noAccount(user);
  if (none) {
    accounts.setPassword(user, undefined);
    return `${user} has no password any more; devices that are known stay so\n`;
  }
  const password = await askSecret(`New password for ${user}: `);
  if (process.stdin.isTTY && (await askSecret('The same once more: ')) !== password) {
    throw new FerryError(Code.USAGE, 'these were two different passwords');
  }
  accounts.setPassword(user, hashPassword(password));
  return `${user} gets in from a new device with: ferry ferry://${user}@HOST\n`;
}

export function removeUser(accounts: Accounts, user: string): string {
  accounts.remove(user);
  return `${user} is removed, with all devices and invites\n`;
}

export function revokeUser(accounts: Accounts, user: string): string {
  accounts.revoke(user);
  return `${user} is out; the account stays, and a new invite lets them in again\n`;
}

export function kickUser(accounts: Accounts, user: string): string {
  accounts.kick(user);
  return `the connections of ${user} are closed; they may come back\n`;
}

export function listUsers(accounts: Accounts, json: boolean): string {
  const all = accounts.list();
  return json ? `${JSON.stringify(all.map(plain))}\n` : listOf(all);
}

export function listInvites(accounts: Accounts, json: boolean): string {
  const all = accounts.invites(Date.now());
  if (json) {
    return `${JSON.stringify(all.map(({ tokenHash, ...rest }) => ({ id: idOf(tokenHash), ...rest })))}\n`;
  }
  return table(
    ['INVITE', 'FOR', 'USES LEFT', 'GOOD UNTIL'],
    all.map((one) => [idOf(one.tokenHash), show(one.user), `${one.usesLeft}`, minute(one.expiresMs)]),
    'there are no open invites',
  );
}

export function listDevices(accounts: Accounts, json: boolean): string {
  const all = accounts.devices();
  if (json) {
    return `${JSON.stringify(all.map(({ key, ...rest }) => ({ id: deviceId(key), ...rest })))}\n`;
  }
  return table(
    ['DEVICE', 'OF', 'SINCE', 'LAST SEEN', 'WHAT'],
    all.map((one) => [deviceId(one.key), show(one.user), day(one.sinceMs), day(one.seenMs), show(one.label)]),
    'there are no devices yet',
  );
}

/** @throws {FerryError} USAGE when it names none, or several */
export function removeDevice(accounts: Accounts, id: string): string {
  const { user, key } = theOne(accounts.devices(), id, ({ key }) => deviceId(key), 'device');
  accounts.removeDevice(key);
  return `the device ${id} of ${show(user)} is out\n`;
}

/** @throws {FerryError} USAGE when it names none, or several */
export function removeInvite(accounts: Accounts, id: string): string {
  const { user, tokenHash } = theOne(
    accounts.invites(Date.now()),
    id,
    ({ tokenHash }) => idOf(tokenHash),
    'invite',
  );
  accounts.removeInvite(tokenHash);
  return `the invite ${id} for ${show(user)} is worthless now\n`;
}

function noAccount(user: string): FerryError {
  return new FerryError(Code.USAGE, `there is no account ${show(user)}: see ferryd user list`);
}

function theOne<T>(all: readonly T[], id: string, idFor: (one: T) => string, what: string): T {
  const found = all.filter((one) => idFor(one).startsWith(id));
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new FerryError(
      Code.USAGE,
      `${first === undefined ? 'no' : 'more than one'} ${what} begins with ${show(id)}`,
    );
  }
  return first;
}

function listOf(accounts: readonly AccountFacts[]): string {
  return table(
    ['ACCOUNT', 'ROLE', 'FOLDER', 'DEVICES', 'UNTIL', 'BOUNDS', 'RULES'],
    accounts.map((one) => [
      show(one.user),
      one.role,
      pathText(one.root),
      `${one.devices}${one.invites > 0 ? ` +${one.invites} invited` : ''}`,
      one.expiresMs === undefined ? '-' : minute(one.expiresMs),
      boundsText(one.bounds) || '-',
      one.rules.map(ruleText).join(' ') || '-',
    ]),
    'there are no accounts yet',
  );
}

function plain({ root, rules, ...rest }: AccountFacts): object {
  return { ...rest, path: pathText(root), rules: rules.map(ruleText) };
}
