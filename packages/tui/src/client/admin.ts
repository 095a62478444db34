/** Looking after a server's accounts over a session: for its owners. Commands. */

import { Code, FerryError } from '@ferry/protocol';
import {
  type AccountRow,
  type AccountWords,
  changeAccount,
  type DeviceRow,
  type InviteRow,
  invite,
  listAccounts,
  listDevices,
  listInvites,
  listVisits,
  type VisitRow,
  Withdrawal,
  withdraw,
} from '@ferry/protocol/messages';
import { formatInvite } from '@ferry/protocol/session';
import type { Session } from './session.ts';

type Wait = { readonly signal?: AbortSignal };

/** Rows that a listing may have: a server that never stops must not fill the memory. */
const most = 1_000_000;

const listings = {
  users: listAccounts,
  devices: listDevices,
  invites: listInvites,
  sessions: listVisits,
} as const;

type Rows = { users: AccountRow; devices: DeviceRow; invites: InviteRow; sessions: VisitRow };

/** @throws {FerryError} FORBIDDEN; LIMIT: the server lists without end */
export async function listOf<What extends keyof Rows>(
  session: Session,
  what: What,
  opts: Wait = {},
): Promise<readonly Rows[What][]> {
  const rows: Rows[What][] = [];
  const onPart = (row: AccountRow | DeviceRow | InviteRow | VisitRow): void => {
    if (rows.length >= most) throw new FerryError(Code.LIMIT, 'the server lists without end');
    rows.push(row as Rows[What]);
  };
  await session.channel.call(listings[what] as typeof listAccounts, {}, { ...opts, onPart });
  return rows;
}

export type InviteWish = {
  /** undefined: a new account, with a name that is free. */
  readonly user: string | undefined;
  readonly words: AccountWords;
  readonly forMs: number;
  readonly uses: number;
  /** How others reach the server; undefined: as this session does. */
  readonly at: { readonly host: string; readonly port: number } | undefined;
};

/** @throws {FerryError} USAGE, FORBIDDEN */
export async function makeInvite(
  session: Session,
  { at = session.address, ...wish }: InviteWish,
  opts: Wait = {},
): Promise<{ readonly user: string; readonly line: string; readonly expiresMs: number }> {
  const { user, token, expiresMs } = await session.channel.call(invite, wish, opts);
  return { user, line: formatInvite(at, session.fingerprint, token), expiresMs };
}

/** @throws {FerryError} USAGE, FORBIDDEN */
export async function setAccount(
  session: Session,
  request: { readonly user: string; readonly isNew: boolean; readonly words: AccountWords },
  opts: Wait = {},
): Promise<void> {
  await session.channel.call(changeAccount, request, opts);
}

/** @returns whose it was: foreign text. @throws {FerryError} USAGE, FORBIDDEN */
export async function takeBack(
  session: Session,
  what: keyof typeof Withdrawal,
  name: string,
  opts: Wait = {},
): Promise<string> {
  return (await session.channel.call(withdraw, { what: Withdrawal[what], name }, opts)).user;
}
