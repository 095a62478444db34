/**
 * A self-signed X.509 certificate over a P-256 key, written out as DER by hand: the few fields that TLS 1.3 wants.
 * Trust is in the key's fingerprint alone, so names and dates in it mean nothing to our clients. Pure but for randomness.
 */

import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  uri: 0x86,
  version: 0xa0,
  extensions: 0xa3,
} as const;

const Oid = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(Tag.sequence, ...contents);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(Tag.oid, Buffer.from(bytes));
}

function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? element(Tag.utcTime, Buffer.from(digits.slice(2)))
    : element(Tag.generalizedTime, Buffer.from(digits));
}

function name(commonName: string): Buffer {
  const attribute = sequence(oid(Oid.commonName), element(Tag.utf8, Buffer.from(commonName)));
  return sequence(element(Tag.set, attribute));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [element(Tag.boolean, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...critical, element(Tag.octetString, value));
}

function uriName(uri: string): Buffer {
  return element(Tag.uri, Buffer.from(uri, 'latin1'));
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export type CertificateOpts = {
  /** A P-256 key that is there already; default: a new one. */
  readonly privateKey?: KeyObject;
  /** Alternative names of the kind URI. */
  readonly uris?: readonly string[];
};

/** A key and its certificate, both PEM. */
export function makeCertificate(
  commonName: string,
  notBefore: Date,
  notAfter: Date,
  { privateKey = newKey(), uris = [] }: CertificateOpts = {},
): { key: string; cert: string } {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  // Positive and without leading zero, as DER integers have to be.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const algorithm = sequence(oid(Oid.ecdsaWithSha256));
  const digitalSignature = element(Tag.bitString, Buffer.from([7, 0x80]));
  const extensions = sequence(
    extension(Oid.basicConstraints, true, sequence()),
    extension(Oid.keyUsage, true, digitalSignature),
    extension(Oid.extendedKeyUsage, false, sequence(oid(Oid.serverAuth))),
    ...(uris.length === 0 ? [] : [extension(Oid.subjectAltName, false, sequence(...uris.map(uriName)))]),
  );
  const toBeSigned = sequence(
    element(Tag.version, element(Tag.integer, Buffer.from([2]))),
    element(Tag.integer, serial),
    algorithm,
    name(commonName),
    sequence(time(notBefore), time(notAfter)),
    name(commonName),
    spki,
    element(Tag.extensions, extensions),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const der = sequence(toBeSigned, algorithm, element(Tag.bitString, Buffer.from([0]), signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(der) };
}
