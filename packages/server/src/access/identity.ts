/**
 * The server's identity: one key and certificate per user, made on first start and renewed only when told to; then the old
 * key vouches for the new one. A damaged file is refused, since a new identity would look to every client like an attack.
 * Main thread, at start.
 */

import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Code, FerryError } from '@ferry/protocol';
import { createPrivateFile, replacePrivateFile } from '@ferry/protocol/disk/private-file';
import {
  type Fingerprint,
  fingerprintOf,
  mostSuccessions,
  signSuccession,
  successionsIn,
  successionUri,
} from '@ferry/protocol/session';
import { makeCertificate, newKey } from './certificate.ts';

export type Identity = {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  readonly fingerprint: Fingerprint;
};

const yearMs = 365.25 * 86_400_000;

/** undefined when there is none yet. @throws {FerryError} CONFIG when it cannot be read or used */
export function readIdentity(file: string): Identity | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FerryError(Code.CONFIG, `the server's identity in ${file} cannot be read`, { cause });
  }
  const key = /-----BEGIN PRIVATE KEY-----.*-----END PRIVATE KEY-----\n?/s.exec(text)?.[0] ?? '';
  const cert = /-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n?/s.exec(text)?.[0] ?? '';
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('key and certificate differ');
    const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
    return { key, cert, fingerprint: fingerprintOf(spki) };
  } catch (cause) {
    throw new FerryError(
      Code.CONFIG,
      `the server's identity in ${file} is damaged: restore it from a backup, or delete it to get a new one, which every client will have to accept`,
      { cause },
    );
  }
}

/**
 * Puts a new key in the place of the one there, which vouches for it. Servers that run go on with the old one until they are
 * started again. @throws {FerryError} CONFIG, also when there is no identity to be renewed
 */
export function renewIdentity(file: string, nowMs: number): Identity {
  const old = readIdentity(file);
  if (old === undefined) {
    throw new FerryError(Code.CONFIG, `there is no identity in ${file} yet: start ferryd to get one`);
  }
  const privateKey = newKey();
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const before = successionsIn(new X509Certificate(old.cert).subjectAltName);
  const successions = [signSuccession(createPrivateKey(old.key), spki), ...before].slice(0, mostSuccessions);
  const { key, cert } = makeCertificate(...validity(nowMs), {
    privateKey,
    uris: successions.map(successionUri),
  });
  try {
    replacePrivateFile(file, key + cert);
  } catch (cause) {
    throw new FerryError(Code.CONFIG, `the server's identity cannot be kept in ${file}`, { cause });
  }
  return { key, cert, fingerprint: fingerprintOf(spki) };
}

function validity(nowMs: number): [commonName: string, notBefore: Date, notAfter: Date] {
  return ['ferryd', new Date(nowMs - 86_400_000), new Date(nowMs + 50 * yearMs)];
}

/** The identity, made now if there is none. @throws {FerryError} CONFIG */
export function readOrMakeIdentity(file: string, nowMs: number): Identity {
  const found = readIdentity(file);
  if (found !== undefined) return found;
  const { key, cert } = makeCertificate(...validity(nowMs));
  try {
    createPrivateFile(file, key + cert);
  } catch (cause) {
    throw new FerryError(Code.CONFIG, `the server's identity cannot be kept in ${file}`, { cause });
  }
  // Read back: what another ferryd made at the same moment counts.
  const made = readIdentity(file);
  if (made === undefined) throw new FerryError(Code.CONFIG, `the server's identity in ${file} has vanished`);
  return made;
}
