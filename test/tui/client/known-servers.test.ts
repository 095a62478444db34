/** The fingerprints this user has accepted: kept, forgotten, and never lost to damage without a word. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { KnownServers } from '../../../packages/tui/src/client/known-servers.ts';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';

const one = fingerprintFromHash(Buffer.alloc(32, 1));
const two = fingerprintFromHash(Buffer.alloc(32, 2));
const now = new Date('2026-01-02T03:04:05Z');
const writerFile = join(import.meta.dirname, 'known-servers-writer.ts');

function fileIn(t: TestContext): string {
  return join(scratchFolder(t), 'data', 'ferry', 'known-servers.json');
}

/** As somebody else's editor, or a failing disk, may leave it. */
function leave(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

test('without a file nobody is known', (t) => {
  const file = fileIn(t);
  assert.deepEqual(new KnownServers(file).all(), new Map());
  assert.equal(new KnownServers(file).forget('a:1'), false);
});

test('what one remembers, the next program knows; forgotten is forgotten', (t) => {
  const file = fileIn(t);
  new KnownServers(file).remember('a:1', one, now);
  new KnownServers(file).remember('b:2', two, now);
  const servers = new KnownServers(file);
  assert.deepEqual(servers.get('a:1'), { fingerprint: one, since: now.toISOString() });
  assert.equal(servers.forget('a:1'), true);
  assert.equal(servers.get('a:1'), undefined);
  assert.equal(servers.get('b:2')?.fingerprint, two);
});

test('names that objects have by nature are servers like any other', (t) => {
  const servers = new KnownServers(fileIn(t));
  for (const where of ['__proto__', 'constructor', 'toString']) {
    assert.equal(servers.get(where), undefined);
    servers.remember(where, one, now);
    assert.equal(servers.get(where)?.fingerprint, one, where);
  }
});

test('only this user may read it, and nothing is left beside it but its lock', (t) => {
  const file = fileIn(t);
  new KnownServers(file).remember('a:1', one, now);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dirname(file)), ['known-servers.json', 'known-servers.json.lock']);
  assert.equal(statSync(`${file}.lock`).mode & 0o777, 0o600);
});

test('what is known is not known otherwise by accident; replaced is what one saw, or nothing', (t) => {
  const servers = new KnownServers(fileIn(t));
  servers.remember('a:1', one, now);
  servers.remember('a:1', one, new Date());
  assert.equal(servers.get('a:1')?.since, now.toISOString());
  assert.throws(() => servers.remember('a:1', two, now), withCode('PIN_MISMATCH'));
  assert.equal(servers.replace('a:1', two, one, now), false);
  assert.equal(servers.replace('a:1', undefined, two, now), false);
  assert.equal(servers.get('a:1')?.fingerprint, one);
  assert.equal(servers.replace('a:1', one, two, now), true);
  assert.equal(servers.get('a:1')?.fingerprint, two);
});

test('programs that write in the same moment lose no entry of each other (AUTH-20)', async (t) => {
  const file = fileIn(t);
  const writers = 4;
  const each = 25;
  const start = Date.now() + 500;
  const codes = Array.from({ length: writers }, async (_, writer) => {
    const child = spawn(process.execPath, [writerFile, file, `${writer}`, `${each}`, `${start}`, one]);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  });
  assert.deepEqual(await Promise.all(codes), Array(writers).fill(0));
  assert.equal(new KnownServers(file).all().size, writers * each);
});

test('two writers in turn lose nothing of each other', (t) => {
  const file = fileIn(t);
  const writers = [new KnownServers(file), new KnownServers(file)];
  for (let i = 0; i < 20; i++) writers[i % 2]?.remember(`host:${i + 1}`, i % 2 === 0 ? one : two, now);
  assert.equal(new KnownServers(file).all().size, 20);
});

const good = { fingerprint: one, since: now.toISOString() };
const whole = JSON.stringify({ 'a:1': good, 'b:2': { ...good, fingerprint: two } });
const damages: Readonly<Record<string, string>> = {
  'an empty file': '',
  'only blanks': ' \n',
  'zero bytes after a crash': '\0'.repeat(whole.length),
  'not JSON': 'a:1 = x',
  'two documents': whole + whole,
  null: 'null',
  'a list': '[]',
  'a number': '7',
  'a text': '"a"',
  'an entry that is null': '{"a:1":null}',
  'an entry that is a text': '{"a:1":"x"}',
  'an entry without a fingerprint': JSON.stringify({ 'a:1': { since: good.since } }),
  'an entry without a time': JSON.stringify({ 'a:1': { fingerprint: one } }),
  'a fingerprint cut off': JSON.stringify({ 'a:1': { ...good, fingerprint: one.slice(0, -1) } }),
  'a fingerprint with a wrong letter': JSON.stringify({
    'a:1': { ...good, fingerprint: `1${one.slice(1)}` },
  }),
  'an empty fingerprint': JSON.stringify({ 'a:1': { ...good, fingerprint: '' } }),
  'one good entry and one bad': JSON.stringify({ 'a:1': good, 'b:2': {} }),
};

for (const [name, text] of Object.entries(damages)) {
  test(`damage is an error and not "nobody is known": ${name}`, (t) => {
    const file = fileIn(t);
    leave(file, text);
    const servers = new KnownServers(file);
    assert.throws(() => servers.all(), withCode('CONFIG'));
    assert.throws(() => servers.get('a:1'), withCode('CONFIG'));
    assert.throws(() => servers.remember('c:3', one, now), withCode('CONFIG'));
    assert.throws(() => servers.forget('a:1'), withCode('CONFIG'));
    assert.equal(readFileSync(file, 'utf8'), text, 'the damaged file is left for its owner to look at');
  });
}

test('cut off at any place it is an error', (t) => {
  const file = fileIn(t);
  for (let length = 0; length < whole.length; length++) {
    leave(file, whole.slice(0, length));
    assert.throws(() => new KnownServers(file).all(), withCode('CONFIG'), `cut after ${length}`);
  }
});

test('a file that cannot be read is an error', (t) => {
  const file = fileIn(t);
  mkdirSync(file, { recursive: true });
  assert.throws(() => new KnownServers(file).all(), withCode('CONFIG'));
  const behindFile = join(scratchFolder(t), 'file');
  writeFileSync(behindFile, '');
  assert.throws(() => new KnownServers(join(behindFile, 'known.json')).all(), withCode('CONFIG'));
});
