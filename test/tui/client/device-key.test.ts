/** The device's key: made once, whoever makes it, and never silently replaced. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { deviceKey } from '../../../packages/tui/src/client/device-key.ts';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';

function fileIn(t: TestContext): string {
  return join(scratchFolder(t), 'data', 'ferry', 'device.key');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('the key made at first use is the key of every later use, for this user alone', (t) => {
  const file = fileIn(t);
  const { publicKey } = deviceKey(file);
  assert.equal(publicKey.length, 32);
  assert.equal(hex(deviceKey(file).publicKey), hex(publicKey));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dirname(file)), ['device.key']);
});

test('two devices have two keys', (t) => {
  assert.notEqual(hex(deviceKey(fileIn(t)).publicKey), hex(deviceKey(fileIn(t)).publicKey));
});

test('to each share a device shows a key of its own, always the same, and to people its first', (t) => {
  const file = fileIn(t);
  const keys = [undefined, 'anna', 'share.1', 'share.2'].map((user) => hex(deviceKey(file, user).publicKey));
  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, 3);
  assert.equal(hex(deviceKey(file, 'share.1').publicKey), keys[2]);
  assert.notEqual(hex(deviceKey(fileIn(t), 'share.1').publicKey), keys[2], 'of another device');
  const { publicKey, sign } = deviceKey(file, 'share.1');
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
  assert.ok(verify(null, Buffer.from('a text'), key, sign(Buffer.from('a text'))));
});

test('its signature is what its public key verifies', (t) => {
  const { publicKey, sign } = deviceKey(fileIn(t));
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const text = Buffer.from('a text');
  assert.equal(verify(null, text, key, sign(text)), true);
  assert.equal(verify(null, Buffer.from('another'), key, sign(text)), false);
});

test('programs that make it at the same time end with one key', async (t) => {
  const file = fileIn(t);
  const module = new URL('../../../packages/tui/src/client/device-key.ts', import.meta.url).href;
  // All are loaded and wait for one instant, so that they meet at the making.
  const startMs = Date.now() + 1500;
  const script = `
    const { deviceKey } = await import(${JSON.stringify(module)});
    while (Date.now() < ${startMs});
    process.stdout.write(Buffer.from(deviceKey(${JSON.stringify(file)}).publicKey).toString('hex'));
  `;
  const run = promisify(execFile);
  const keys = await Promise.all(
    Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script])),
  );
  assert.deepEqual(new Set(keys.map(({ stdout }) => stdout)), new Set([hex(deviceKey(file).publicKey)]));
  assert.deepEqual(readdirSync(dirname(file)), ['device.key']);
});

test('a key that cannot be used is an error, and stays for its owner to look at', (t) => {
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const whole = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const damages = {
    empty: '',
    'cut off': whole.slice(0, 60),
    'no key': 'hello',
    'another kind of key': rsa.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  for (const [name, text] of Object.entries(damages)) {
    const file = fileIn(t);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    assert.throws(() => deviceKey(file), withCode('CONFIG'), name);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('a place where nothing can be written is an error', (t) => {
  const file = join(scratchFolder(t), 'file');
  writeFileSync(file, '');
  assert.throws(() => deviceKey(join(file, 'ferry', 'device.key')), withCode('CONFIG'));
});
