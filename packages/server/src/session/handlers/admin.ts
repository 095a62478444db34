/** What owners do about accounts from afar: see messages/admin.ts. The work itself is access/administration.ts, as for `ferryd user`. */

import { Code, FerryError, show } from '@ferry/protocol';
import {
  type AccountRow,
  type AccountWords,
  changeAccount,
  invite,
  listAccounts,
  listDevices,
  listedRules,
  listInvites,
  listVisits,
  Withdrawal,
  withdraw,
} from '@ferry/protocol/messages';
import { handler, type ServerCall } from '@ferry/protocol/session';
import type { AccountFacts, Accounts } from '../../access/accounts.ts';
import type { AdminDesk } from '../../access/admin-desk.ts';
import type { AccountOptions } from '../../access/administration.ts';
import { deviceId, idOf } from '../../access/device-id.ts';
import { newInvite } from '../../access/new-invite.ts';
import type { AccessChanges } from '../../access/operations.ts';
import { parsePublicKey } from '../../access/public-key.ts';
import { ruleText, settingsFrom } from '../../access/settings.ts';
import { visitsOf } from '../../visits.ts';
import type { SessionContext } from '../context.ts';

export function adminHandlers(context: SessionContext, desk: AdminDesk) {
  const { log, who } = context;
  const accounts = (): Accounts => {
    // An open door makes nobody somebody who looks after accounts.
    if (context.principal.account === undefined) {
      throw new FerryError(Code.FORBIDDEN, 'only owners with an account can look after accounts');
    }
    return desk.accounts;
  };
  const changes = (): AccessChanges => {
    accounts();
    return desk.changes;
  };
  const did = (what: string): void => log({ what: 'administered', who, text: show(what) });
  return [
    handler(listAccounts, (_, call) => tell(call, accounts().list().map(accountRow))),
    handler(listDevices, (_, call) => {
      const rows = accounts().devices();
      return tell(
        call,
        rows.map(({ key, ...row }) => ({ ...row, id: deviceId(key) })),
      );
    }),
    handler(listInvites, (_, call) => {
      const rows = accounts().invites(Date.now());
      return tell(
        call,
        rows.map(({ tokenHash, ...row }) => ({ ...row, id: idOf(tokenHash) })),
      );
    }),
    handler(listVisits, async (_, call) => {
      accounts();
      return tell(call, visitsOf(await desk.connections(), [], 1));
    }),
    handler(invite, async (request) => {
      const { uses, forMs: expiresMs } = request;
      const settings = settingsFrom(optionsOf(request.words), Date.now());
      const made = await newInvite(changes(), { user: request.user, settings, uses, expiresMs });
      did(`invited ${made.user}`);
      return made;
    }),
    handler(changeAccount, async ({ user, isNew, words }) => {
      const order = { user, options: optionsOf(words), nowMs: Date.now() };
      await changes().make(isNew ? 'addAccount' : 'changeAccount', order);
      did(`${isNew ? 'added' : 'changed'} the account ${user}`);
      return {};
    }),
    handler(withdraw, async ({ what, name }) => {
      const user = await withdrawn(changes(), what, name);
      did(`${doings[what]} ${user}`);
      return { user };
    }),
  ] as const;
}

const doings: Readonly<Record<Withdrawal, string>> = {
  [Withdrawal.kick]: 'ended the connections of',
  [Withdrawal.revoke]: 'revoked',
  [Withdrawal.remove]: 'removed the account',
  [Withdrawal.device]: 'forgot a device of',
  [Withdrawal.invite]: 'took back an invite of',
};

/** @returns whose it was. @throws {FerryError} USAGE */
async function withdrawn(changes: AccessChanges, what: Withdrawal, name: string): Promise<string> {
  switch (what) {
    case Withdrawal.kick:
      await changes.make('kick', { user: name });
      return name;
    case Withdrawal.revoke:
      await changes.make('revoke', { user: name });
      return name;
    case Withdrawal.remove:
      await changes.make('removeAccount', { user: name });
      return name;
    case Withdrawal.device:
      return changes.make('forgetDevice', { id: name });
    case Withdrawal.invite:
      return changes.make('takeBackInvite', { id: name, nowMs: Date.now() });
  }
}

async function tell<Row>(call: ServerCall<Row>, rows: readonly Row[]): Promise<Record<never, never>> {
  for (const row of rows) if (!call.part(row)) await call.ready();
  return {};
}

function accountRow({ bounds, rules, root, id: _, ...facts }: AccountFacts): AccountRow {
  return { ...facts, ...bounds, root, rules: rules.slice(0, listedRules).map(ruleText) };
}

/** What was said; what was not is not there. @throws {FerryError} USAGE: it is no key */
function optionsOf({ key, rules, noRules, ...words }: AccountWords): AccountOptions {
  const said = Object.entries(words).filter(([, word]) => word !== undefined);
  const known = key === undefined ? undefined : parsePublicKey(key);
  if (key !== undefined && known === undefined) {
    throw new FerryError(Code.USAGE, 'that is no OpenSSH public key of type ed25519');
  }
  return {
    ...Object.fromEntries(said),
    noRules,
    ...(rules === undefined ? {} : { rule: rules }),
    ...(known === undefined ? {} : { key: known }),
  };
}
