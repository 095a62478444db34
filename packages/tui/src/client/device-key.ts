/**
 * The Ed25519 key by which servers know this user's device; made on first use. It never leaves this machine. I/O thread
 * and commands.
 */

import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Code, FerryError } from '@ferry/protocol';
import { createPrivateFile } from '@ferry/protocol/disk/private-file';
import { shareUserPrefix } from '@ferry/protocol/session';

export type DeviceKey = {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly sign: (text: Uint8Array) => Uint8Array;
};

/**
 * Two programs that make it at once end with the same key. To each share (a user whose name begins with `share.`) this device shows a
 * key of its own, made from the first: so it keeps the account that it has at that server, and shares cannot tell that they have it in
 * common. @throws {FerryError} CONFIG when it cannot be read or made
 */
export function deviceKey(file: string, user?: string): DeviceKey {
  try {
    const first = createPrivateKey(readOrMake(file));
    if (first.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${first.asymmetricKeyType}`);
    const key = shareUserOf(user) === undefined ? first : keyForShare(first, user ?? '');
    return { publicKey: rawPublicKey(key), sign: (text) => sign(null, text, key) };
  } catch (cause) {
    throw new FerryError(Code.CONFIG, `this device's key in ${file} cannot be used`, { cause });
  }
}

/** The user of an address where it is a share. */
export function shareUserOf(user: string | undefined): string | undefined {
  return user?.startsWith(shareUserPrefix) === true ? user : undefined;
}

/** PKCS #8 of an Ed25519 key, up to its seed (RFC 8410). */
const seedHead = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyForShare(first: KeyObject, user: string): KeyObject {
  const seed = first.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  const derived = createHmac('sha256', seed).update(`ferry share key 1\0${user}`).digest();
  return createPrivateKey({ key: Buffer.concat([seedHead, derived]), format: 'der', type: 'pkcs8' });
}

function readOrMake(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  createPrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return readFileSync(file, 'utf8');
}

/** The last 32 bytes of the SubjectPublicKeyInfo (RFC 8410). */
function rawPublicKey(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);
}
