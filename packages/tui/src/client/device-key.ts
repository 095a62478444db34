/**
 * The Ed25519 key by which servers know this user's device; made on first use. It never leaves this machine. I/O thread
 * and commands.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Code, FerryError } from '@ferry/protocol';
import { createPrivateFile } from '@ferry/protocol/disk/private-file';

export type DeviceKey = {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly sign: (text: Uint8Array) => Uint8Array;
};

/** Two programs that make it at once end with the same key. @throws {FerryError} CONFIG when it cannot be read or made */
export function deviceKey(file: string): DeviceKey {
  try {
    const key = createPrivateKey(readOrMake(file));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${key.asymmetricKeyType}`);
    return { publicKey: rawPublicKey(key), sign: (text) => sign(null, text, key) };
  } catch (cause) {
    throw new FerryError(Code.CONFIG, `this device's key in ${file} cannot be used`, { cause });
  }
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
