/**
 * What is held against sources and accounts, told to the other servers and heard from them over the bus: who guesses is not let to begin anew at
 * each of them. A lost message costs a guess; a restart forgets, as ever. Main thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import { pack, unpack } from '@ferry/protocol/wire';
import type { Bus } from '../bus/bus.ts';
import { AccountThrottle, type Offence, Penalties, penaltyMs } from './throttle.ts';

export const offenceSubject = 'offence';
export const passwordSubject = 'password';

const longestName = 1024;

export type Throttles = { readonly penalties: Penalties; readonly accounts: AccountThrottle };

/** @param now milliseconds of the clock that both are asked with */
export function sharedThrottles(bus: Bus, now: () => number = () => performance.now()): Throttles {
  const penalties = new Penalties((source, offence) => bus.publish(offenceSubject, pack([source, offence])));
  const accounts = new AccountThrottle((user, isRight) =>
    bus.publish(passwordSubject, pack([user, isRight])),
  );
  const fromOthers = (hear: (body: Uint8Array) => void) => ({
    onMessage: (body: Uint8Array, from: string): void => {
      if (from !== bus.member) hear(body);
    },
    onGap: () => {},
  });
  bus.subscribe(
    offenceSubject,
    fromOthers((body) => {
      const { name, what } = offenceIn(body);
      penalties.heard(name, what, now());
    }),
  );
  bus.subscribe(
    passwordSubject,
    fromOthers((body) => {
      const { name, what: isRight } = tryIn(body);
      if (isRight) accounts.heardSucceeded(name);
      else accounts.heardFailed(name, now());
    }),
  );
  return { penalties, accounts };
}

/** @throws {FerryError} MALFORMED */
export function offenceIn(body: Uint8Array): { readonly name: string; readonly what: Offence } {
  const { name, what } = pairIn(body);
  if (typeof what === 'string' && Object.hasOwn(penaltyMs, what)) return { name, what: what as Offence };
  throw new FerryError(Code.MALFORMED, 'an offence that does not exist');
}

/** @throws {FerryError} MALFORMED */
export function tryIn(body: Uint8Array): { readonly name: string; readonly what: boolean } {
  const { name, what } = pairIn(body);
  if (typeof what === 'boolean') return { name, what };
  throw new FerryError(Code.MALFORMED, 'neither right nor wrong');
}

function pairIn(body: Uint8Array): { readonly name: string; readonly what: unknown } {
  const said = unpack(Buffer.from(body));
  const [name, what]: readonly unknown[] = Array.isArray(said) ? said : [];
  if (typeof name === 'string' && Buffer.byteLength(name) <= longestName) return { name, what };
  throw new FerryError(Code.MALFORMED, 'a message of the throttle that is none');
}
