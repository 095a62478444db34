/**
 * Decides who a hello comes from. Worker threads.
 *
 * Whatever is wrong with a proof (unknown, expired or spent invite, unknown key, bad signature), the answer is the same
 * sentence, so that it tells a stranger nothing.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';
import { type Hello, Login, type Password, protocolVersion } from '@ferry/protocol/messages';
import { verifyDevice } from '@ferry/protocol/session';
import type { OpenTo } from '../config.ts';
import type { Freshness } from '../replica/freshness.ts';
import { type AccessStore, hashOf } from './access-store.ts';
import type { LaneGrant } from './lane-tickets.ts';
import { note } from './note.ts';
import type { AccessChanges } from './operations.ts';
import { guestName, guestOf, type Principal } from './principal.ts';
import { kicked, revoked } from './standing.ts';

export type LoginRules = {
  readonly store: AccessStore;
  readonly changes: AccessChanges;
  readonly openTo: OpenTo;
  /** undefined: this server has no others. */
  readonly freshness?: Freshness | undefined;
};

/**
 * @param loginText what the device key has to have signed: bound to this very connection
 * @throws {FerryError} VERSION, AUTH_REQUIRED (nothing was shown and the server is not open), AUTH_FAILED, MALFORMED, IO_ERROR, BUSY
 */
export async function logIn(
  { store, changes, openTo, freshness }: LoginRules,
  hello: Hello,
  loginText: Buffer,
  nowMs: number,
): Promise<Principal> {
  checkVersion(hello.version);
  if (hello.login === Login.open) {
    if (openTo !== 'nobody') return guestOf(openTo, store.kicksOf(guestName));
    throw new FerryError(
      Code.AUTH_REQUIRED,
      'this server lets in only those who were invited: ask its owner for an invite',
    );
  }
  const { deviceKey, signature, token } = hello;
  if (deviceKey === undefined || signature === undefined) {
    throw new FerryError(Code.MALFORMED, 'a login without device key or signature');
  }
  if (!verifyDevice(deviceKey, loginText, signature)) throw failed();
  if (hello.login === Login.invite) {
    if (token === undefined) throw new FerryError(Code.MALFORMED, 'an invite without its token');
    const redeem = { tokenHash: hashOf(token), key: deviceKey, label: hello.client, nowMs };
    const isGood = await changes.make('redeem', redeem);
    const invited = isGood ? store.principalOf(deviceKey, nowMs) : undefined;
    if (invited === undefined) throw failed();
    return invited;
  }
  // Behind a balancer, who has just shown an invite to one server comes back to another.
  const mayBeOnItsWay = freshness !== undefined && openTo === 'nobody';
  const look = (): Principal | undefined => store.principalOf(deviceKey, nowMs);
  const known = mayBeOnItsWay ? await soon(look) : look();
  if (known !== undefined) {
    freshness?.check();
    if (store.isUnseen(deviceKey, nowMs)) note(changes.make('sawDevice', { key: deviceKey, nowMs }));
    return known;
  }
  if (openTo !== 'nobody') return guestOf(openTo, store.kicksOf(guestName));
  throw failed();
}

/**
 * Who came in with a password: the device is known from now on.
 * @param account as the password thread answered; undefined: wrong
 * @throws {FerryError} AUTH_FAILED, IO_ERROR, BUSY
 */
export async function enterWithPassword(
  { store, changes }: LoginRules,
  { deviceKey, client }: Password,
  account: number | undefined,
  nowMs: number,
): Promise<Principal> {
  const isKnown =
    account !== undefined && (await changes.make('enrol', { account, key: deviceKey, label: client, nowMs }));
  const known = isKnown ? store.principalOf(deviceKey, nowMs) : undefined;
  if (known !== undefined) return known;
  throw new FerryError(Code.AUTH_FAILED, 'the name or the password is wrong');
}

/** @throws {FerryError} VERSION */
export function checkVersion(version: number): void {
  if (version === protocolVersion) return;
  throw new FerryError(
    Code.VERSION,
    `this server speaks version ${protocolVersion} of the protocol and you speak version ${version}: use the same release on both sides`,
  );
}

function failed(): FerryError {
  return new FerryError(
    Code.AUTH_FAILED,
    'the server does not know this device, or the invite is spent or has expired: ask its owner for a new invite',
  );
}

/** Whose lane it is, as things are now. @throws {FerryError} REVOKED, KICKED: in the words that its session hears, which may come later */
export function principalOfLane(
  { store, openTo, freshness }: LoginRules,
  { device, kicks }: LaneGrant,
): Principal {
  const guest =
    device === undefined && openTo !== 'nobody' ? guestOf(openTo, store.kicksOf(guestName)) : undefined;
  const principal = device === undefined ? guest : store.principalOf(device, Date.now());
  if (device !== undefined) freshness?.check();
  if (principal === undefined) throw revoked();
  if (principal.kicks !== kicks) throw kicked();
  return principal;
}

/** How long what a session's server knows of its account may be on its way to this one, milliseconds… */
const onItsWayMs = 2000;
/** …and how often it is looked for. */
const lookAgainMs = 50;

/** What `look` finds, now or a moment later: what another server has changed is on its way. undefined: nothing by then either. */
async function soon<T>(look: () => T | undefined): Promise<T | undefined> {
  for (let leftMs = onItsWayMs; leftMs > 0; leftMs -= lookAgainMs) {
    const found = look();
    if (found !== undefined) return found;
    await pause(lookAgainMs);
  }
  return look();
}

/**
 * As {@link principalOfLane}, of a session that another server let in: what that one knew may come here a moment later.
 * @throws {FerryError} REVOKED, KICKED, when it still holds after that moment
 */
export async function principalOfFarLane(rules: LoginRules, grant: LaneGrant): Promise<Principal> {
  const known = await soon(() => {
    try {
      return principalOfLane(rules, grant);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      return undefined;
    }
  });
  return known ?? principalOfLane(rules, grant);
}
