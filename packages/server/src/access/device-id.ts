/** Short names for devices and invites, as lists and logs have them. Pure; every thread. */

import { createHash } from 'node:crypto';
import { fingerprintFromHash } from '@ferry/protocol/session';

export function deviceId(key: Uint8Array): string {
  return idOf(createHash('sha256').update(key).digest());
}

/** Enough of a hash to tell it from others, and to type. */
export function idOf(hash: Uint8Array): string {
  return fingerprintFromHash(hash).slice(0, 9);
}
