/**
 * A server's identity for people: SHA-256 of its public key (SPKI, DER), in lower-case base32 (RFC 4648 alphabet, no padding)
 * in groups of four joined by `-`. Both ends.
 */

import { createHash } from 'node:crypto';

declare const fingerprintBrand: unique symbol;
export type Fingerprint = string & { readonly [fingerprintBrand]: true };

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const symbols = 52;
const lastSymbols = 'aq';

export function fingerprintOf(spki: Uint8Array): Fingerprint {
  return fingerprintFromHash(createHash('sha256').update(spki).digest());
}

export function fingerprintFromHash(hash: Uint8Array): Fingerprint {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of hash) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  if (bits > 0) text += alphabet[(value << (5 - bits)) & 31];
  return (text.match(/.{4}/g) ?? []).join('-') as Fingerprint;
}

/** What a person typed or pasted: groups, case and blanks do not matter. undefined when it is none. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const bare = text.toLowerCase().replace(/[\s-]/g, '');
  if (bare.length !== symbols || [...bare].some((char) => !alphabet.includes(char))) return undefined;
  // 52 symbols hold four bits more than a hash has; they are zero.
  if (!lastSymbols.includes(bare.slice(-1))) return undefined;
  return (bare.match(/.{4}/g) ?? []).join('-') as Fingerprint;
}
