/** Makes a further device of an account known, for one that is logged in. Worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import type { Enrol } from '@ferry/protocol/messages';
import { loginText, verifyDevice } from '@ferry/protocol/session';
import type { LoginRules } from '../access/login.ts';
import type { Principal } from '../access/principal.ts';

/** @throws {FerryError} FORBIDDEN, AUTH_FAILED, REVOKED, BUSY */
export async function enrolFor(
  { account }: Principal,
  { store, changes }: LoginRules,
  link: Link,
  { deviceKey, signature }: Enrol,
  client: string,
): Promise<void> {
  // Else whoever was let in once could let in everybody.
  if (account === undefined || !store.mayEnrol(account.device)) {
    throw new FerryError(Code.FORBIDDEN, 'only keys that the owner was given can make others known');
  }
  if (!verifyDevice(deviceKey, loginText(link), signature)) {
    throw new FerryError(Code.AUTH_FAILED, 'the new device has not signed');
  }
  const order = { account: account.id, key: deviceKey, label: client, nowMs: Date.now() };
  if (await changes.make('enrol', order)) return;
  throw new FerryError(Code.REVOKED, 'the account has gone');
}
