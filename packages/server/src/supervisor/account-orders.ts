/** Carries out the owner's orders to whole accounts: in the file of accounts, or, with a bus, for all servers there. Main thread. */

import { Code, FerryError, type Shown, show } from '@ferry/protocol';
import type { AccessChanges } from '../access/operations.ts';
import { guestName } from '../access/principal.ts';
import type { AccountOrder } from './order.ts';

/** Gives whose it is. @throws {FerryError} NOT_FOUND: there is no such account; BUSY: the bus says nothing */
export async function orderAccount(changes: AccessChanges, order: AccountOrder): Promise<Shown> {
  const { user } = order;
  if (order.do === 'kick-account') await changes.make('kick', { user });
  else if (user === guestName) {
    throw new FerryError(Code.NOT_FOUND, 'guests have no account: limit their session, with t');
  } else {
    const { down: downRate, up: upRate } = order.rates;
    await changes.make('limitAccount', { user, downRate, upRate });
  }
  return show(user);
}
