/**
 * A server's new key, vouched for by the one before it: what lets a client that knows the old key go on by itself. The
 * statements travel in the certificate as alternative names, so they are there before a byte is sent. Both ends.
 *
 * Who has stolen an old key can do no more with this than without: be taken for the server by those who know that key.
 */

import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';

/** Statements in one certificate: as many renewals may a client have missed. */
export const mostSuccessions = 8;

/** `SPKI`, a server's key until then, has signed the one that came after it. */
export type Succession = { readonly spki: Uint8Array; readonly signature: Uint8Array };

const scheme = 'ferry:succeeds/';
/** A P-256 key, DER, up to the point's coordinates: written in one way only, so that a key has one fingerprint. */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const spkiBytes = 91;
/** A signature by it, DER. */
const mostSignatureBytes = 80;

function textFor(next: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('ferry succession 1\0'), next]);
}

/** @param next the new key, SPKI, DER */
export function signSuccession(oldKey: KeyObject, next: Uint8Array): Succession {
  return {
    spki: createPublicKey(oldKey).export({ type: 'spki', format: 'der' }),
    signature: sign('sha256', textFor(next), oldKey),
  };
}

export function successionUri({ spki, signature }: Succession): string {
  return `${scheme}${Buffer.from(spki).toString('base64url')}/${Buffer.from(signature).toString('base64url')}`;
}

/** Those of a certificate, the latest first. @param names as X509Certificate.subjectAltName; foreign text */
export function successionsIn(names: string | undefined): readonly Succession[] {
  const found = (names ?? '').split(', ', 2 * mostSuccessions).flatMap((name) => {
    const [, spki = '', signature = ''] =
      /^URI:ferry:succeeds\/([\w-]{1,200})\/([\w-]{1,200})$/.exec(name) ?? [];
    if (spki === '') return [];
    return [{ spki: Buffer.from(spki, 'base64url'), signature: Buffer.from(signature, 'base64url') }];
  });
  return found.slice(0, mostSuccessions);
}

/** Keys that this one has come after, as each has vouched for the next; those behind a broken link are left out. */
export function predecessors(spki: Uint8Array, names: string | undefined): readonly Fingerprint[] {
  const known: Fingerprint[] = [];
  let next = spki;
  for (const succession of successionsIn(names)) {
    if (!vouches(succession, next)) break;
    known.push(fingerprintOf(succession.spki));
    next = succession.spki;
  }
  return known;
}

function vouches({ spki, signature }: Succession, next: Uint8Array): boolean {
  if (spki.byteLength !== spkiBytes || signature.byteLength > mostSignatureBytes) return false;
  if (!spkiHead.equals(spki.subarray(0, spkiHead.length))) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const isOurs = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    return isOurs && verify('sha256', textFor(next), key, signature);
  } catch {
    return false;
  }
}
