/** OpenSSH public keys of type ed25519, as `ssh-keygen` writes them to files that end with `.pub`. Main and worker threads. */

import { readFileSync } from 'node:fs';
import { Code, FerryError, show } from '@ferry/protocol';

export type PublicKey = {
  /** Raw, 32 bytes. */
  readonly key: Uint8Array;
  /** Foreign text. */
  readonly comment: string;
};

/** What the key's blob begins with: its type, and the length of what follows (RFC 8709). */
const head = Buffer.from('0000000b7373682d6564323535313900000020', 'hex');

/** @throws {FerryError} USAGE */
export function readPublicKey(file: string): PublicKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FerryError(Code.USAGE, `the key ${show(file)} cannot be read`, { cause });
  }
  const key = parsePublicKey(text);
  if (key !== undefined) return key;
  const isPrivate = text.includes('PRIVATE KEY');
  throw new FerryError(
    Code.USAGE,
    isPrivate
      ? `${show(file)} is the private half, which stays where it is: give the file that ends with .pub`
      : `${show(file)} is no OpenSSH public key of type ed25519`,
  );
}

/** `ssh-ed25519 AAAA… comment`; undefined for anything else. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const [, blob = '', comment = ''] =
    /^ssh-ed25519 ([A-Za-z0-9+/]+={0,2})(?: ([^\n]*))?\s*$/.exec(text) ?? [];
  const raw = Buffer.from(blob, 'base64');
  if (raw.length !== head.length + 32 || !raw.subarray(0, head.length).equals(head)) return undefined;
  return { key: raw.subarray(head.length), comment: comment.slice(0, 128) };
}
