/** Identity and accounts on disk. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createPrivateFile, replacePrivateFile } from '@ferry/protocol/disk/private-file';
import { AccessStore, type InviteSpec } from '../../packages/server/src/access/access-store.ts';
import { makeCertificate } from '../../packages/server/src/access/certificate.ts';
import { readIdentity, readOrMakeIdentity } from '../../packages/server/src/access/identity.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed';

function inviteOf(more: Partial<InviteSpec> = {}): InviteSpec {
  return {
    token: randomBytes(16),
    user: 'anna',
    readOnly: true,
    root: path('a/b'),
    expiresMs: 1000,
    uses: 1,
    ...more,
  };
}

describe('the certificate', () => {
  const { key, cert } = makeCertificate('ferryd', new Date(Date.UTC(2026, 0)), new Date(Date.UTC(2076, 0)));

  it('is one that Node understands', () => {
    const x509 = new X509Certificate(cert);
    assert.equal(x509.subject, 'CN=ferryd');
    assert.equal(x509.validFrom, 'Jan  1 00:00:00 2026 GMT');
    assert.equal(x509.validTo, 'Jan  1 00:00:00 2076 GMT');
    assert.ok(x509.verify(x509.publicKey));
    assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
  });

  it('is one that openssl verifies', { skip: noOpenssl }, (t) => {
    const file = join(scratchFolder(t), 'cert.pem');
    writeFileSync(file, cert);
    const { stdout, stderr } = spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', file, file], {
      encoding: 'utf8',
    });
    assert.equal(stdout, `${file}: OK\n`, stderr);
  });
});

describe('the identity', () => {
  it('is made once and read from then on', (t) => {
    const file = join(scratchFolder(t), 'data/identity.pem');
    assert.equal(readIdentity(file), undefined);
    const made = readOrMakeIdentity(file, Date.now());
    assert.deepEqual(readOrMakeIdentity(file, Date.now()), made);
  });

  it('with the key of another is refused', (t) => {
    const file = join(scratchFolder(t), 'identity.pem');
    const [one, two] = [0, 1].map(() => makeCertificate('x', new Date(), new Date()));
    writeFileSync(file, `${one?.key}${two?.cert}`);
    assert.throws(() => readIdentity(file), withCode('CONFIG'));
  });
});

describe('a private file', () => {
  it('is created by one only and replaced as a whole', (t) => {
    const file = join(scratchFolder(t), 'folder/file');
    assert.equal(createPrivateFile(file, 'first'), true);
    assert.equal(createPrivateFile(file, 'second'), false);
    replacePrivateFile(file, 'third');
    assert.equal(spawnSync('ls', ['-A', join(file, '..')], { encoding: 'utf8' }).stdout, 'file\n');
  });
});

describe('the list of accounts', () => {
  it('gives a device the rights of the invite, as often as it may be used', (t) => {
    const store = new AccessStore(join(scratchFolder(t), 'access.db'));
    t.after(() => store.close());
    assert.ok(store.hasNoDevices());
    const invite = inviteOf({ uses: 2 });
    store.addInvite(invite);
    const [one, two, three] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const anna = { user: 'anna', role: 'reader', root: path('a/b') };
    assert.deepEqual(store.redeem(invite.token, one, 999), anna);
    assert.deepEqual(store.redeem(invite.token, two, 999), anna);
    assert.equal(store.redeem(invite.token, three, 999), undefined);
    assert.deepEqual(store.principalOf(one), anna);
    assert.equal(store.principalOf(three), undefined);
    assert.equal(store.hasNoDevices(), false);
  });

  it('knows no invite that has expired or was never made', (t) => {
    const store = new AccessStore(join(scratchFolder(t), 'access.db'));
    t.after(() => store.close());
    const invite = inviteOf();
    store.addInvite(invite);
    assert.equal(store.redeem(invite.token, randomBytes(32), 1000), undefined);
    assert.equal(store.redeem(randomBytes(16), randomBytes(32), 0), undefined);
    assert.ok(store.redeem(invite.token, randomBytes(32), 999));
  });

  it('is the same for all who have it open', (t) => {
    const file = join(scratchFolder(t), 'access.db');
    const [here, there] = [new AccessStore(file), new AccessStore(file)];
    t.after(() => {
      here.close();
      there.close();
    });
    const invite = inviteOf();
    here.addInvite(invite);
    const device = randomBytes(32);
    assert.ok(there.redeem(invite.token, device, 0));
    assert.ok(here.principalOf(device));
    assert.equal(here.redeem(invite.token, randomBytes(32), 0), undefined);
  });

  it('keeps no token that could be used by who reads the file', (t) => {
    const file = join(scratchFolder(t), 'access.db');
    const store = new AccessStore(file);
    const invite = inviteOf();
    store.addInvite(invite);
    store.close();
    const { stdout } = spawnSync('cat', [file]);
    assert.ok(stdout.length > 0 && !stdout.includes(Buffer.from(invite.token)));
  });
});
