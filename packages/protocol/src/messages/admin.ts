/**
 * What owners do about accounts from afar: listAccounts, listDevices, listInvites, listVisits, invite, changeAccount and withdraw. Only
 * for owners who see all that is shared. What an account is to be like comes in the words that `ferryd user` takes; wrong ones are
 * answered USAGE, with why.
 */

import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { type Operation, operation } from '../wire/operation.ts';
import {
  array,
  bytes,
  flag,
  integer,
  type Nothing,
  oneOf,
  optional,
  path,
  type Shape,
  text,
  tuple,
} from '../wire/shape.ts';
import { tokenBytes } from './hello.ts';

const userText = text(256);
const ms = integer();
/** A device or an invite, as lists name them; a beginning is enough where it names one. */
const shortId = text(64);

/** Bytes and numbers that bound an account; undefined: not at all. */
export type AccountBounds = {
  readonly quotaBytes: number | undefined;
  readonly quotaFiles: number | undefined;
  readonly downRate: number | undefined;
  readonly upRate: number | undefined;
  /** What it overwrites goes to its trash. */
  readonly keepsOld: boolean;
};

export type AccountRow = AccountBounds & {
  readonly user: string;
  readonly role: string;
  readonly root: Path;
  /** `FOLDER=RIGHTS`, the first of them. */
  readonly rules: readonly string[];
  readonly expiresMs: number | undefined;
  readonly hasPassword: boolean;
  readonly devices: number;
  readonly invites: number;
  readonly sinceMs: number;
};

export type DeviceRow = {
  readonly id: string;
  readonly user: string;
  readonly label: string;
  readonly sinceMs: number;
  readonly seenMs: number;
};

export type InviteRow = {
  readonly id: string;
  readonly user: string;
  readonly usesLeft: number;
  readonly sinceMs: number;
  readonly expiresMs: number;
};

/** Somebody who is connected: a session with its lanes. */
export type VisitRow = {
  readonly user: string;
  readonly source: string;
  readonly sinceMs: number;
  readonly lanes: number;
  /** Bytes so far, from them and to them. */
  readonly received: number;
  readonly sent: number;
};

/** So many rules of an account are listed. */
export const listedRules = 16;

/** Rows one by one: each is a part. */
function listing<Row extends object>(
  kind: Kind,
  row: { readonly [K in keyof Row]: Shape<Row[K]> },
): Operation<Nothing, Row, Nothing> {
  return operation<Nothing, Nothing, Row>({ kind, request: tuple({}), part: tuple<Row>(row) });
}

export const listAccounts = listing<AccountRow>(Kind.listAccounts, {
  user: userText,
  role: text(32),
  root: path,
  rules: array(text(limits.textBytes), listedRules),
  expiresMs: optional(ms),
  hasPassword: flag,
  devices: integer(),
  invites: integer(),
  sinceMs: ms,
  quotaBytes: optional(integer()),
  quotaFiles: optional(integer()),
  downRate: optional(integer()),
  upRate: optional(integer()),
  keepsOld: flag,
});

export const listDevices = listing<DeviceRow>(Kind.listDevices, {
  id: shortId,
  user: userText,
  label: text(limits.textBytes),
  sinceMs: ms,
  seenMs: ms,
});

export const listInvites = listing<InviteRow>(Kind.listInvites, {
  id: shortId,
  user: userText,
  usesLeft: integer(),
  sinceMs: ms,
  expiresMs: ms,
});

export const listVisits = listing<VisitRow>(Kind.listVisits, {
  user: userText,
  source: text(64),
  sinceMs: ms,
  lanes: integer(),
  received: integer(),
  sent: integer(),
});

/** In words, as the options of `ferryd user set`; undefined: not said. */
export type AccountWords = {
  readonly role: string | undefined;
  /** The folder that they see as the root. */
  readonly path: string | undefined;
  readonly rules: readonly string[] | undefined;
  readonly noRules: boolean;
  readonly expires: string | undefined;
  readonly quota: string | undefined;
  readonly quotaFiles: string | undefined;
  readonly down: string | undefined;
  readonly up: string | undefined;
  /** An OpenSSH public key, its line. */
  readonly key: string | undefined;
  /** `on` or `off`. */
  readonly trash: string | undefined;
};

export const nothingSaid: AccountWords = {
  role: undefined,
  path: undefined,
  rules: undefined,
  noRules: false,
  expires: undefined,
  quota: undefined,
  quotaFiles: undefined,
  down: undefined,
  up: undefined,
  key: undefined,
  trash: undefined,
};

const word = optional(text(64));
const words = tuple<AccountWords>({
  role: word,
  path: optional(text(limits.pathBytes)),
  rules: optional(array(text(limits.textBytes), listedRules)),
  noRules: flag,
  expires: word,
  quota: word,
  quotaFiles: word,
  down: word,
  up: word,
  key: optional(text(limits.textBytes)),
  trash: word,
});

export type Invite = {
  /** undefined: a new account, with a name that is free. */
  readonly user: string | undefined;
  readonly words: AccountWords;
  readonly forMs: number;
  readonly uses: number;
};

export type Invited = {
  readonly user: string;
  readonly token: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
};

export const invite = operation<Invite, Invited>({
  kind: Kind.invite,
  request: tuple<Invite>({
    user: optional(userText),
    words,
    forMs: integer(1, 3650 * 86_400_000),
    uses: integer(1, 1_000_000),
  }),
  reply: tuple<Invited>({ user: userText, token: bytes(tokenBytes, tokenBytes), expiresMs: ms }),
});

/** Makes an account with `isNew`, else changes what was said of it. */
export const changeAccount = operation<{
  user: string;
  isNew: boolean;
  words: AccountWords;
}>({ kind: Kind.changeAccount, request: tuple({ user: userText, isNew: flag, words }) });

/**
 * `kick`: end an account's connections. `revoke`: forget its devices, invites, password and shares. `remove`: it is gone. `device`, `invite`:
 * that one, by its id.
 */
export const Withdrawal = { kick: 0, revoke: 1, remove: 2, device: 3, invite: 4 } as const;
export type Withdrawal = (typeof Withdrawal)[keyof typeof Withdrawal];

/** The reply says whose it was. */
export const withdraw = operation<{ what: Withdrawal; name: string }, { user: string }>({
  kind: Kind.withdraw,
  request: tuple({
    what: oneOf(Withdrawal.kick, Withdrawal.revoke, Withdrawal.remove, Withdrawal.device, Withdrawal.invite),
    name: userText,
  }),
  reply: tuple({ user: userText }),
});
