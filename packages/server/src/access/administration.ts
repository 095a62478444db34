/**
 * What the owner does about accounts, in the words that were typed: one implementation for `ferryd user`, `invite`, `invites`, `devices`
 * and for `ferry admin`, which says the same over the wire. Main and worker threads.
 */

import { Code, FerryError, show } from '@ferry/protocol';
import {
  type AccountFacts,
  type AccountSettings,
  type Accounts,
  type DeviceFacts,
  type InviteFacts,
  newAccount,
} from './accounts.ts';
import { type Bounds, unbounded } from './bounds.ts';
import { deviceId, idOf } from './device-id.ts';
import { guestName } from './principal.ts';
import type { PublicKey } from './public-key.ts';
import { boundsWith, type SettingsOptions, settingsFrom } from './settings.ts';

export type AccountOptions = SettingsOptions & {
  /** Lets its holder in. */
  readonly key?: PublicKey;
  /** The rules there were are gone. */
  readonly noRules?: boolean;
};

export type InviteOrder = {
  /** undefined: an account of its own, with a name that is free. */
  readonly user: string | undefined;
  /** What the account is to be like; of one that exists nothing may be said that differs. */
  readonly settings: Partial<AccountSettings>;
  readonly expiresMs: number;
  readonly uses: number;
};

/** What an invite without further words gives: everything but looking after accounts. */
const invited: AccountSettings = { ...newAccount, role: 'writer' };

/** A writer, where nothing else is said. @throws {FerryError} USAGE, NAME_… */
export function addAccount(accounts: Accounts, user: string, options: AccountOptions, nowMs: number): void {
  const bounds = boundsWith(unbounded, options);
  accounts.together(() => {
    accounts.add(user, { ...newAccount, role: 'writer', ...settingsFrom(options, nowMs), bounds }, nowMs);
    if (options.key !== undefined) accounts.addDevice(user, options.key.key, options.key.comment, nowMs);
  });
}

/** Only what was said. @throws {FerryError} USAGE, NAME_… */
export function changeAccount(
  accounts: Accounts,
  user: string,
  { key, noRules = false, ...options }: AccountOptions,
  nowMs: number,
): AccountFacts {
  const said = Object.values(options).some((value) => value !== undefined);
  if (!said && key === undefined && !noRules) {
    throw new FerryError(Code.USAGE, 'say what to change: a role, a folder, rules, bounds, a time or a key');
  }
  return accounts.together(() => {
    const before = need(accounts, user);
    accounts.set(user, {
      ...(noRules ? { rules: [] } : {}),
      ...settingsFrom(options, nowMs),
      bounds: boundsWith(before.bounds, options),
    });
    if (key !== undefined) accounts.addDevice(user, key.key, key.comment, nowMs);
    return need(accounts, user);
  });
}

/** Bytes a second, to all of its devices together; undefined: no bound. @throws {FerryError} USAGE */
export function limitAccount(
  accounts: Accounts,
  user: string,
  rates: Pick<Bounds, 'downRate' | 'upRate'>,
): void {
  accounts.together(() => accounts.set(user, { bounds: { ...need(accounts, user).bounds, ...rates } }));
}

/**
 * An account that does not exist is made.
 * @param order with the SHA-256 of the invite's token
 * @returns whose account it is for
 * @throws {FerryError} USAGE
 */
export function inviteTo(
  accounts: Accounts,
  order: InviteOrder & { readonly tokenHash: Uint8Array; readonly nowMs: number },
): string {
  const { settings, uses, tokenHash, nowMs } = order;
  return accounts.together(() => {
    const user = order.user ?? freeName(accounts);
    const found = accounts.get(user);
    if (found === undefined) accounts.add(user, { ...invited, ...settings }, nowMs);
    else checkSame(found, settings);
    accounts.addInviteOf(user, tokenHash, nowMs + order.expiresMs, uses, nowMs);
    return user;
  });
}

export type OwnersInvite = {
  readonly user: string;
  readonly tokenHash: Uint8Array;
  readonly expiresMs: number;
  readonly nowMs: number;
};

/** For whoever started the server, with an account that is made if there is none. */
export function ownersInvite(accounts: Accounts, { user, tokenHash, expiresMs, nowMs }: OwnersInvite): void {
  accounts.together(() => {
    if (accounts.get(user) === undefined) accounts.add(user, newAccount, nowMs);
    else accounts.set(user, newAccount);
    accounts.addInviteOf(user, tokenHash, expiresMs, 1, nowMs);
  });
}

/** Its connections end at once. @throws {FerryError} USAGE when it names none, or several */
export function forgetDevice(accounts: Accounts, id: string): DeviceFacts {
  const device = theOne(accounts.devices(), id, ({ key }) => deviceId(key), 'device');
  accounts.removeDevice(device.key);
  return device;
}

/** @throws {FerryError} USAGE when it names none, or several */
export function takeBackInvite(accounts: Accounts, id: string, nowMs: number): InviteFacts {
  const invite = theOne(accounts.invites(nowMs), id, ({ tokenHash }) => idOf(tokenHash), 'invite');
  accounts.removeInvite(invite.tokenHash);
  return invite;
}

/** @throws {FerryError} USAGE */
export function need(accounts: Accounts, user: string): AccountFacts {
  const facts = accounts.get(user);
  if (facts !== undefined) return facts;
  throw new FerryError(Code.USAGE, `there is no account ${show(user)}`);
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

function freeName(accounts: Accounts): string {
  const taken = new Set(accounts.list().map(({ user }) => user));
  for (let i = 1; ; i++) if (!taken.has(`${guestName}${i}`)) return `${guestName}${i}`;
}

/** An invite changes no account: its other devices would change with it. @throws {FerryError} USAGE */
function checkSame(
  found: AccountFacts,
  { role = found.role, root = found.root }: Partial<AccountSettings>,
): void {
  if (role === found.role && root.join('/') === found.root.join('/')) return;
  throw new FerryError(
    Code.USAGE,
    `the account ${found.user} has other rights: leave them out, or change the account`,
  );
}
