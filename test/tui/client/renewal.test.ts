/** A server whose key was renewed: known by the old one's word, and by nothing less (AUTH-21). */

import assert from 'node:assert/strict';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import {
  type Fingerprint,
  fingerprintOf,
  mostSuccessions,
  predecessors,
  signSuccession,
  successionsIn,
  successionUri,
} from '@ferry/protocol/session';
import { makeCertificate, newKey } from '../../../packages/server/src/access/certificate.ts';
import {
  readIdentity,
  readOrMakeIdentity,
  renewIdentity,
} from '../../../packages/server/src/access/identity.ts';
import { KnownServers } from '../../../packages/tui/src/client/known-servers.ts';
import { dialPinned } from '../../../packages/tui/src/client/session.ts';
import { withCode } from '../../support/code.ts';
import { hostileText } from '../../support/hostile-names.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { scratchFolder } from '../../support/scratch.ts';

const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
const dates = ['ferryd', new Date(0), new Date(4e12)] as const;
const namesOf = (cert: string): string | undefined => new X509Certificate(cert).subjectAltName;

async function serve(t: TestContext, { key, cert }: { key: string; cert: string }): Promise<number> {
  const server = createServer({ key, cert, minVersion: 'TLSv1.3', ALPNProtocols: ['ferry/1'] });
  server.on('secureConnection', (socket) => socket.on('error', () => {}));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('a renewed key', () => {
  test('is accepted and remembered when the known one vouches for it, also several renewals later', async (t) => {
    const home = scratchFolder(t);
    const file = join(home, 'identity.pem');
    const first = readOrMakeIdentity(file, Date.now());
    for (let i = 0; i < 3; i++) renewIdentity(file, Date.now());
    const now = readIdentity(file);
    assert.ok(now);
    assert.notEqual(now.fingerprint, first.fingerprint);
    const port = await serve(t, now);
    const knownServersFile = join(home, 'known-servers.json');
    const servers = new KnownServers(knownServersFile);
    servers.remember(`127.0.0.1:${port}`, first.fingerprint, new Date());
    const spec = { host: '127.0.0.1', port, knownServersFile };
    (await dialPinned({ ...spec, fingerprint: first.fingerprint })).close();
    assert.equal(servers.get(`127.0.0.1:${port}`)?.fingerprint, now.fingerprint);
    (await dialPinned({ ...spec, fingerprint: now.fingerprint })).close();
  });

  test('is refused when another key, a broken chain or nobody vouches for it', async (t) => {
    const known = newKey();
    const next = newKey();
    const stranger = newKey();
    const fingerprint = fingerprintOf(spkiOf(known));
    const good = signSuccession(known, spkiOf(next));
    const bent = { ...good, signature: Buffer.from(good.signature).fill(7, 10, 12) };
    const cases = {
      nobody: [],
      'another key': [signSuccession(stranger, spkiOf(next))],
      'the known key, for another one': [signSuccession(known, spkiOf(stranger))],
      'a signature that was changed': [bent],
      'the known key without its signature': [{ ...signSuccession(stranger, spkiOf(next)), spki: good.spki }],
      'a chain without its middle': [signSuccession(stranger, spkiOf(next)), good],
    };
    for (const [what, successions] of Object.entries(cases)) {
      const port = await serve(
        t,
        makeCertificate(...dates, { privateKey: next, uris: successions.map(successionUri) }),
      );
      const spec = { host: '127.0.0.1', port, fingerprint };
      await assert.rejects(dialPinned(spec), withCode('PIN_MISMATCH'), what);
      const knownServersFile = join(scratchFolder(t), 'known-servers.json');
      new KnownServers(knownServersFile).remember(`127.0.0.1:${port}`, fingerprint, new Date(0));
      await assert.rejects(
        dialPinned({ ...spec, knownServersFile }),
        /not the one you know since 1970-01-01,/,
      );
    }
  });

  test('vouches for nothing backwards: who knows the new key refuses the old one', async (t) => {
    const file = join(scratchFolder(t), 'identity.pem');
    const old = readOrMakeIdentity(file, Date.now());
    const { fingerprint } = renewIdentity(file, Date.now());
    const port = await serve(t, old);
    await assert.rejects(dialPinned({ host: '127.0.0.1', port, fingerprint }), withCode('PIN_MISMATCH'));
  });

  test('of a kind that we do not make vouches for nobody', () => {
    const next = spkiOf(newKey());
    for (const { privateKey } of [
      generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
    ]) {
      const name = `URI:${successionUri(signSuccession(privateKey, next))}`;
      assert.deepEqual(predecessors(next, name), []);
    }
  });
});

test('a certificate made anew for the same key is the same server (AUTH-21)', async (t) => {
  const { key, cert } = makeCertificate(...dates);
  const again = makeCertificate('other', new Date(0), new Date(1), { privateKey: createPrivateKey(key) });
  assert.notEqual(again.cert, cert);
  const fingerprint = fingerprintOf(spkiOf(createPrivateKey(key))) as Fingerprint;
  const port = await serve(t, again);
  (await dialPinned({ host: '127.0.0.1', port, fingerprint })).close();
});

test('a certificate holds so many successions and no more; the latest come first', (t) => {
  const file = join(scratchFolder(t), 'identity.pem');
  const fingerprints = [readOrMakeIdentity(file, Date.now()).fingerprint];
  for (let i = 0; i < mostSuccessions + 2; i++)
    fingerprints.unshift(renewIdentity(file, Date.now()).fingerprint);
  const { cert, key } = readIdentity(file) ?? assert.fail('no identity');
  const found = predecessors(spkiOf(createPrivateKey(key)), namesOf(cert));
  assert.deepEqual(found, fingerprints.slice(1, 1 + mostSuccessions));
});

test('a key that is written in another way than servers write theirs vouches for nothing', () => {
  const known = newKey();
  const next = spkiOf(newKey());
  const { spki, signature } = signSuccession(known, next);
  const [compressed, even, odd] = [2, 6, 7].map((form) => {
    const other = Buffer.from(spki);
    other[26] = form;
    return `URI:${successionUri({ spki: other, signature })}`;
  });
  assert.equal(spki[26], 4);
  for (const names of [compressed, even, odd]) assert.deepEqual(predecessors(next, names), []);
});

test('no names make it fail or accept', (t) => {
  t.diagnostic(`seed: ${seed}`);
  const random = randomFrom(seed);
  const known = newKey();
  const next = spkiOf(newKey());
  const good = `URI:${successionUri(signSuccession(known, next))}`;
  assert.deepEqual(predecessors(next, good), [fingerprintOf(spkiOf(known))]);
  for (let i = 0; i < runs(500); i++) {
    const at = 20 + random(good.length - 20);
    const text =
      random(2) === 0
        ? hostileText(random)
        : `${good.slice(0, at)}${hostileText(random, 1)}${good.slice(at + 1)}`;
    const found = successionsIn(text);
    // The last letter of each part holds bits that say nothing.
    if (found.length <= 1 && !isDeepStrictEqual(found, successionsIn(good)))
      assert.deepEqual(predecessors(next, text), []);
  }
  assert.deepEqual(predecessors(next, undefined), []);
});
