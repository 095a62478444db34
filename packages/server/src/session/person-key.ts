/** Whom a connection is of, as a key of what each person has a share of. Worker threads. */

import type { Principal } from '../access/principal.ts';
import { sourceKey } from '../access/throttle.ts';

/** Guests are one by name; one of them must not wait for what another does, so they are told apart by where they come from. */
export function personKey({ account }: Principal, peer: string): string {
  return account === undefined ? `guest ${sourceKey(peer.replace(/:[0-9]+$/, ''))}` : accountKey(account.id);
}

export function accountKey(account: number): string {
  return `account ${account}`;
}
