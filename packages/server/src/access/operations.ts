/**
 * Everything that changes accounts, devices, invites, shares and what is counted of them, as operations: see replica/declared.ts.
 * Secrets are not in them: of tokens the SHA-256, of passwords the Argon2id. Any thread.
 */

import { Code, FerryError, limits, type Path } from '@ferry/protocol';
import { shareIdBytes } from '@ferry/protocol/messages';
import {
  array,
  bytes,
  flag,
  integer,
  type Nothing,
  nothing,
  optional,
  path,
  type Shape,
  text,
  tuple,
} from '@ferry/protocol/wire';
import { type AnswerOf, type Changes, type Declared, declare, type OrderOf } from '../replica/declared.ts';
import { EncodedChanges } from '../replica/encoded-changes.ts';
import { LocalChanges } from '../replica/local-changes.ts';
import { type AccessDesk, LocalDesk } from './access-desk.ts';
import {
  type AccountOptions,
  addAccount,
  changeAccount,
  forgetDevice,
  type InviteOrder,
  inviteTo,
  limitAccount,
  ownersInvite,
  takeBackInvite,
} from './administration.ts';
import type { Download } from './downloads.ts';
import type { PublicKey } from './public-key.ts';
import { decodeRules, encodeRules, isRole, type Role, type Rule } from './rights.ts';
import type { ShareOrder } from './shares.ts';

const userText = text(256);
const words = text(limits.textBytes);
const ms = integer();
const hash = bytes(32, 32);
const deviceKey = bytes(32, 32);
const mostWords = 65_536;
/** Argon2id's, as password.ts writes them. */
const record = text(1024);

type Named = { readonly user: string };
type At = { readonly nowMs: number };

/** undefined and not there are the same. */
function said<T extends object>(shape: Shape<Required<{ [K in keyof T]: T[K] | undefined }>>): Shape<T> {
  return {
    put: (value) => shape.put(value as Required<T>),
    get: (value, field) => {
      const found = Object.entries(shape.get(value, field)).filter(([, one]) => one !== undefined);
      return Object.fromEntries(found) as T;
    },
  };
}

const options = said<AccountOptions>(
  tuple({
    role: optional(words),
    path: optional(words),
    rule: optional(array(words, mostWords)),
    expires: optional(words),
    quota: optional(words),
    quotaFiles: optional(words),
    down: optional(words),
    up: optional(words),
    trash: optional(words),
    noRules: optional(flag),
    key: optional(tuple<PublicKey>({ key: deviceKey, comment: text(16_384) })),
  }),
);

const role: Shape<Role> = {
  put: (value) => value,
  get: (value, field) => {
    const found = words.get(value, field);
    if (isRole(found)) return found;
    throw new FerryError(Code.MALFORMED, 'a role that does not exist');
  },
};

const rules: Shape<readonly Rule[]> = {
  put: encodeRules,
  get: (value, field) => decodeRules(text(1024 * 1024).get(value, field)),
};

type InviteSettings = InviteOrder['settings'];
const settings = said<Pick<InviteSettings, 'role' | 'root' | 'rules' | 'expiresMs'>>(
  tuple({ role: optional(role), root: optional(path), rules: optional(rules), expiresMs: optional(ms) }),
);

export type NewInviteOrder = InviteOrder & At & { readonly tokenHash: Uint8Array };

const anInvite = tuple<NewInviteOrder>({
  user: optional(userText),
  settings,
  expiresMs: ms,
  uses: integer(1),
  tokenHash: hash,
  nowMs: ms,
});

type Entering = At & { readonly key: Uint8Array; readonly label: string };
const entering = { key: deviceKey, label: words, nowMs: ms };

const shareId = bytes(shareIdBytes, shareIdBytes);
const paths = array(path, limits.sharePaths);

export type NewShareOrder = ShareOrder & At & { readonly id: Uint8Array; readonly tokenHash: Uint8Array };

const kindOfShare: Shape<ShareOrder['kind']> = {
  put: (value) => value,
  get: (value, field) => {
    const found = words.get(value, field);
    if (found === 'drop' || found === 'read') return found;
    throw new FerryError(Code.MALFORMED, 'a kind of share that does not exist');
  },
};

const download = { share: integer(), path, device: bytes(0, 32) };
type Counted = Download & At & { readonly bytes: number };

/** An operation on the file of accounts. */
function on<Order, Answer>(
  order: Shape<Order>,
  answer: Shape<Answer>,
  apply: (desk: AccessDesk, order: Order) => Answer,
): Declared<AccessDesk, Order, Answer> {
  return declare(order, answer, apply);
}

function done<Order>(
  order: Shape<Order>,
  apply: (desk: AccessDesk, order: Order) => void,
): Declared<AccessDesk, Order, Nothing> {
  return declare(order, nothing, (desk, one) => {
    apply(desk, one);
    return {};
  });
}

export const accessOperations = {
  addAccount: done(
    tuple<Named & At & { options: AccountOptions }>({ user: userText, options, nowMs: ms }),
    ({ accounts }, { user, options: said, nowMs }) => addAccount(accounts, user, said, nowMs),
  ),
  changeAccount: done(
    tuple<Named & At & { options: AccountOptions }>({ user: userText, options, nowMs: ms }),
    ({ accounts }, { user, options: said, nowMs }) => void changeAccount(accounts, user, said, nowMs),
  ),
  limitAccount: done(
    tuple<Named & { downRate: number | undefined; upRate: number | undefined }>({
      user: userText,
      downRate: optional(integer()),
      upRate: optional(integer()),
    }),
    ({ accounts }, { user, ...rates }) => limitAccount(accounts, user, rates),
  ),
  setPassword: done(
    tuple<Named & { record: string | undefined }>({ user: userText, record: optional(record) }),
    ({ accounts }, { user, record: kept }) => accounts.setPassword(user, kept),
  ),
  renewPassword: done(
    tuple<{ account: number; record: string }>({ account: integer(), record }),
    ({ store }, { account, record: kept }) => store.renewPassword(account, kept),
  ),
  removeAccount: done(tuple<Named>({ user: userText }), ({ accounts }, { user }) => accounts.remove(user)),
  revoke: done(tuple<Named>({ user: userText }), ({ accounts }, { user }) => accounts.revoke(user)),
  kick: done(tuple<Named>({ user: userText }), ({ accounts }, { user }) => accounts.kick(user)),
  /** Whose it was. */
  forgetDevice: on(
    tuple<{ id: string }>({ id: words }),
    userText,
    ({ accounts }, { id }) => forgetDevice(accounts, id).user,
  ),
  /** Whose it was. */
  takeBackInvite: on(
    tuple<{ id: string } & At>({ id: words, nowMs: ms }),
    userText,
    ({ accounts }, { id, nowMs }) => takeBackInvite(accounts, id, nowMs).user,
  ),
  /** Whose account it is for. */
  invite: on(anInvite, userText, ({ accounts }, order) => inviteTo(accounts, order)),
  ownersInvite: done(
    tuple<Named & At & { tokenHash: Uint8Array; expiresMs: number }>({
      user: userText,
      tokenHash: hash,
      expiresMs: ms,
      nowMs: ms,
    }),
    ({ accounts }, order) => ownersInvite(accounts, order),
  ),
  /** Whether it was good. */
  redeem: on(
    tuple<Entering & { tokenHash: Uint8Array }>({ tokenHash: hash, ...entering }),
    flag,
    ({ store }, { tokenHash, key, label, nowMs }) => store.redeemHash(tokenHash, key, label, nowMs),
  ),
  /** Whether the account is still there. */
  enrol: on(
    tuple<Entering & { account: number }>({ account: integer(), ...entering }),
    flag,
    ({ store }, { account, key, label, nowMs }) => store.enrol(account, key, label, nowMs) !== undefined,
  ),
  sawDevice: done(tuple<{ key: Uint8Array } & At>({ key: deviceKey, nowMs: ms }), ({ store }, one) =>
    store.sawDevice(one.key, one.nowMs),
  ),
  share: done(
    tuple<NewShareOrder>({
      maker: integer(),
      kind: kindOfShare,
      paths,
      isFolder: flag,
      expiresMs: ms,
      downloads: optional(integer(1)),
      id: shareId,
      tokenHash: hash,
      nowMs: ms,
    }),
    ({ shares }, { id, tokenHash, nowMs, ...order }) => shares.addAs(id, tokenHash, order, nowMs),
  ),
  endShare: done(
    tuple<{ id: Uint8Array; maker: number | undefined }>({ id: shareId, maker: optional(integer()) }),
    ({ shares }, { id, maker }) => shares.end(id, maker),
  ),
  /** Whether there was a place. */
  beginDownload: on(
    tuple<Counted & { size: number; most: number | undefined }>({
      ...download,
      bytes: integer(),
      size: integer(),
      most: optional(integer()),
      nowMs: ms,
    }),
    flag,
    ({ downloads }, { bytes: sent, size, most = Number.POSITIVE_INFINITY, nowMs, ...one }) =>
      downloads.begin(one, sent, size, most, nowMs),
  ),
  countDownload: done(
    tuple<Counted>({ ...download, bytes: integer(), nowMs: ms }),
    ({ downloads }, { bytes: sent, nowMs, ...one }) => downloads.sent(one, sent, nowMs),
  ),
  received: done(
    tuple<{ share: number; device: Uint8Array; paths: readonly Path[] }>({
      share: integer(),
      device: bytes(0, 32),
      paths: array(path, limits.packFiles),
    }),
    ({ downloads }, one) => downloads.verified(one.share, one.device, one.paths),
  ),
} as const;

export type AccessOperations = typeof accessOperations;
export type AccessOrder<Name extends keyof AccessOperations> = OrderOf<AccessOperations[Name]>;
export type AccessAnswer<Name extends keyof AccessOperations> = AnswerOf<AccessOperations[Name]>;
export type AccessChanges = Changes<AccessOperations>;

/** Of a server alone. */
export type LocalAccess = { readonly changes: AccessChanges; readonly close: () => void };

/** @param path of the file of accounts, opened with the first change */
export function localAccess(path: string): LocalAccess {
  const local = new LocalDesk(path);
  return {
    changes: new LocalChanges<AccessDesk, AccessOperations>(accessOperations, () => local.desk),
    close: () => local.close(),
  };
}

/** Of several servers: whoever keeps the log is asked. */
export function sharedAccess(change: (order: Buffer) => Promise<Buffer>): AccessChanges {
  return new EncodedChanges<AccessDesk, AccessOperations>(accessOperations, change);
}
