/** `ferryd invite`: one line that lets somebody in, made beside a running server or before its first start. Main thread. */

import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, Code, FerryError, type Path, show } from '@ferry/protocol';
import { tokenBytes } from '@ferry/protocol/messages';
import { formatInvite, parseAddress } from '@ferry/protocol/session';
import { type AccountFacts, type AccountSettings, Accounts, newAccount } from '../access/accounts.ts';
import { readOrMakeIdentity } from '../access/identity.ts';
import { guestName } from '../access/principal.ts';
import type { Places } from '../config.ts';

export type InviteOrder = {
  /** undefined: an account of its own, with a name that is free. */
  readonly user: string | undefined;
  /** What the account is to be like; of one that exists nothing may be said that differs. */
  readonly settings: Partial<AccountSettings>;
  readonly expiresMs: number;
  readonly uses: number;
  /** `HOST:PORT` that the guest can reach; undefined: where the server started last listens. */
  readonly address: string | undefined;
  /** The shared folder, to check that the account's root is in it; undefined: not checked. */
  readonly folder: string | undefined;
};

/** What an invite without further words gives: everything but looking after accounts. */
const invited: AccountSettings = { ...newAccount, role: 'writer' };

/** The invite. @throws {FerryError} USAGE, CONFIG */
export function makeInvite(order: InviteOrder, places: Places): string {
  const { host, port } = parseAddress(`ferry://${order.address ?? lastAddress(places)}`);
  const { settings, expiresMs, uses } = order;
  if (order.folder !== undefined) checkRoot(order.folder, settings.root ?? []);
  const identity = readOrMakeIdentity(places.identityFile, Date.now());
  const token = randomBytes(tokenBytes);
  const accounts = new Accounts(places.accessFile);
  try {
    const user = order.user ?? freeName(accounts);
    const found = accounts.get(user);
    if (found === undefined) accounts.add(user, { ...invited, ...settings }, Date.now());
    else checkSame(found, settings);
    accounts.addInvite(user, token, Date.now() + expiresMs, uses, Date.now());
  } finally {
    accounts.close();
  }
  return formatInvite({ host, port }, identity.fingerprint, token);
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
    `the account ${found.user} has other rights: leave out --role and --path, or change it with ferryd user set`,
  );
}

function lastAddress({ addressFile }: Places): string {
  try {
    return readFileSync(addressFile, 'utf8').trim();
  } catch (cause) {
    throw new FerryError(
      Code.USAGE,
      'ferryd has not run here yet, so its address is not known: start it first, or give --address HOST:PORT',
      { cause },
    );
  }
}

function checkRoot(folder: string, root: Path): void {
  const place = Buffer.from(join(folder, '/'), 'utf8');
  try {
    if (statSync(Buffer.concat([place, bytesOf(root.join('/'))])).isDirectory()) return;
  } catch {
    // The same sentence for all that is no folder.
  }
  throw new FerryError(Code.USAGE, `--path names no folder in ${show(folder)}`);
}
