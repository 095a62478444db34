/** `ferryd user …`: accounts, made and changed beside a running server. Main thread. */

import { Code, FerryError, show } from '@ferry/protocol';
import { askSecret } from '@ferry/protocol/terminal/ask-secret';
import { day, minute, table } from '@ferry/protocol/terminal/table';
import type { AccountFacts } from '../access/accounts.ts';
import { need } from '../access/administration.ts';
import { deviceId, idOf } from '../access/device-id.ts';
import { hashPassword } from '../access/password.ts';
import { readPublicKey } from '../access/public-key.ts';
import { boundsText, pathText, ruleText, type SettingsOptions } from '../access/settings.ts';
import type { OwnersDesk } from './owners-desk.ts';

export type UserOptions = SettingsOptions & {
  /** A file with an OpenSSH public key. */
  readonly key?: string;
};

export async function addUser(
  { changes }: OwnersDesk,
  user: string,
  { key, ...options }: UserOptions,
): Promise<string> {
  // Read first: a file that cannot be used leaves no account behind.
  const known = key === undefined ? {} : { key: readPublicKey(key) };
  await changes.make('addAccount', { user, options: { ...options, ...known }, nowMs: Date.now() });
  return key === undefined
    ? `${user} is added; let them in with: ferryd invite --user ${user}\n`
    : `${user} is added and gets in with that key: ferry ferry://${user}@HOST\n`;
}

/** @param noRules the rules there were are gone */
export async function setUser(
  { accounts, changes }: OwnersDesk,
  user: string,
  { key, ...options }: UserOptions,
  noRules: boolean,
): Promise<string> {
  const known = key === undefined ? {} : { key: readPublicKey(key) };
  await changes.make('changeAccount', {
    user,
    options: { ...options, ...known, noRules },
    nowMs: Date.now(),
  });
  return listOf([need(accounts, user)]);
}

export async function setPassword(
  { accounts, changes }: OwnersDesk,
  user: string,
  none: boolean,
): Promise<string> {
  need(accounts, user);
  if (none) {
    await changes.make('setPassword', { user, record: undefined });
    return `${user} has no password any more; devices that are known stay so\n`;
  }
  const password = await askSecret(`New password for ${user}: `);
  if (process.stdin.isTTY && (await askSecret('The same once more: ')) !== password) {
    throw new FerryError(Code.USAGE, 'these were two different passwords');
  }
  await changes.make('setPassword', { user, record: hashPassword(password) });
  return `${user} gets in from a new device with: ferry ferry://${user}@HOST\n`;
}

export async function removeUser({ changes }: OwnersDesk, user: string): Promise<string> {
  await changes.make('removeAccount', { user });
  return `${user} is removed, with all devices and invites\n`;
}

export async function revokeUser({ changes }: OwnersDesk, user: string): Promise<string> {
  await changes.make('revoke', { user });
  return `${user} is out; the account stays, and a new invite lets them in again\n`;
}

export async function kickUser({ changes }: OwnersDesk, user: string): Promise<string> {
  await changes.make('kick', { user });
  return `the connections of ${user} are closed; they may come back\n`;
}

export function listUsers({ accounts }: OwnersDesk, json: boolean): string {
  const all = accounts.list();
  return json ? `${JSON.stringify(all.map(plain))}\n` : listOf(all);
}

export function listInvites({ accounts }: OwnersDesk, json: boolean): string {
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

export function listDevices({ accounts }: OwnersDesk, json: boolean): string {
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
export async function removeDevice({ changes }: OwnersDesk, id: string): Promise<string> {
  const user = await changes.make('forgetDevice', { id });
  return `the device ${id} of ${show(user)} is out\n`;
}

/** @throws {FerryError} USAGE when it names none, or several */
export async function removeInvite({ changes }: OwnersDesk, id: string): Promise<string> {
  const user = await changes.make('takeBackInvite', { id, nowMs: Date.now() });
  return `the invite ${id} for ${show(user)} is worthless now\n`;
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
