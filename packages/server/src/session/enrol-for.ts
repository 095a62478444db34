/** Makes a further device of an account known, for one that is logged in. Worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import type { Enrol } from '@ferry/protocol/messages';
import { loginText, verifyDevice } from '@ferry/protocol/session';
import type { AccessStore } from '../access/access-store.ts';
import type { Principal } from '../access/principal.ts';

/** @throws {FerryError} FORBIDDEN, AUTH_FAILED, REVOKED */
export function enrolFor(
  { account }: Principal,
  store: AccessStore,
  link: Link,
  { deviceKey, signature }: Enrol,
  client: string,
): void {
  // Else whoever was let in once could let in everybody.
  if (account === undefined || !store.mayEnrol(account.device)) {
    throw new FerryError(Code.FORBIDDEN, 'only keys that the owner was given can make others known');
  }
  if (!verifyDevice(deviceKey, loginText(link), signature)) {
    throw new FerryError(Code.AUTH_FAILED, 'the new device has not signed');
  }
  if (store.enrol(account.id, deviceKey, client, Date.now()) !== undefined) return;
  throw new FerryError(Code.REVOKED, 'the account has gone');
}
