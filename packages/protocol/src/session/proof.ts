/**
 * What binds a login and a lane to one TLS connection, so that neither can be relayed or replayed on another (RFC 9266).
 * Both ends; I/O threads.
 */

import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { Link } from '../link/link.ts';

const loginLabel = 'EXPORTER-ferry-login-1';
const laneLabel = 'EXPORTER-ferry-lane-1';

/** The bytes that a device key signs to log in on this connection. */
export function loginText(link: Link): Buffer {
  return Buffer.concat([Buffer.from('ferry login 1\0'), link.exportKey(loginLabel)]);
}

/** What a lane sends with its ticket: HMAC-SHA256 of this connection's exporter under the session's secret. */
export function laneProof(link: Link, sessionSecret: Uint8Array): Buffer {
  return proofOver(laneText(link), sessionSecret);
}

/** What a lane proves its session for: of no use to whoever does not know the session's secret. */
export function laneText(link: Link): Buffer {
  return link.exportKey(laneLabel);
}

/** The proof over the {@link laneText} of a connection that another server has. */
export function proofOver(text: Uint8Array, sessionSecret: Uint8Array): Buffer {
  return createHmac('sha256', sessionSecret).update(text).digest();
}

export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** DER prefix of an Ed25519 SubjectPublicKeyInfo (RFC 8410); the 32 raw bytes follow. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/** True when `signature` is the device key's over `text`. False also for bytes that are no key. */
export function verifyDevice(deviceKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  if (deviceKey.byteLength !== 32 || signature.byteLength !== 64) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([ed25519Prefix, deviceKey]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, text, key, signature);
  } catch {
    return false;
  }
}
