/** Names as keys of object storage, what is kept beside a file, and what is said of an upload: pure. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { byteString, EntryKind, isName, type Name, nameFromText, stagingName } from '@ferry/protocol';
import { checkAddress, partsOf } from '@ferry/server/storage/address';
import { Keys, keyPart, nameOfPart } from '@ferry/server/storage/s3/keys';
import { factsOf, metadataOf } from '@ferry/server/storage/s3/metadata';
import { PartMemory } from '@ferry/server/storage/s3/part-memory';
import { blockName, mostFileBytes, partNames, readName, runOf } from '@ferry/server/storage/s3/upload-keys';
import { withCode } from '../../support/code.ts';
import { runs, seed } from '../../support/random.ts';
import { path } from '../../support/scratch.ts';

const bytes = (text: string): Name => text as Name;

test('s3 keys: text stays text, other bytes and what XML cannot carry are escaped', () => {
  for (const [name, part] of [
    ['plain name.txt', 'plain name.txt'],
    ['100%', '100%'],
    ['a%20b', 'a%20b'],
    ['%ff', '%ff'],
    ['%FF', '%25FF'],
    ['%25', '%2525'],
    ['\xc3\xa9', 'é'],
    ['\xf0\x9f\x9a\xa2', '🚢'],
    ['bad\xff', 'bad%FF'],
    ['\xff%FF', '%FF%25FF'],
    ['a\nb', 'a%0Ab'],
    ['\xc2\x85', '%C2%85'],
    // A surrogate, an overlong slash, a character cut off.
    ['\xed\xa0\x80', '%ED%A0%80'],
    ['\xc0\xaf', '%C0%AF'],
    ['\xe2\x82', '%E2%82'],
    ['\xef\xbf\xbf', '%EF%BF%BF'],
  ] as const) {
    assert.equal(keyPart(bytes(name)), part);
    assert.equal(nameOfPart(part), name);
  }
});

test('s3 keys: of several spellings one is a name, so that no two keys mean the same one', () => {
  for (const part of ['', '.', '..', '%C3%A9', '%00', 'x'.repeat(256), 'a/b']) {
    assert.equal(nameOfPart(part), undefined, part);
  }
});

test(`s3 keys: every name comes back (seed ${seed})`, () => {
  for (let i = 0; i < runs(2000); i++) {
    const name = byteString(randomBytes(1 + (i % 12)));
    const odd = byteString(Buffer.from(['%', '%2', '%FF', 'é', '\0', 'A'][i % 6] ?? '')) + name;
    for (const one of [name, odd]) if (isName(one)) assert.equal(nameOfPart(keyPart(one)), one);
  }
});

test('s3 keys: a prefix, its folders, and what is hidden', () => {
  const keys = new Keys('team/files');
  assert.equal(keys.file(path('a/b')), 'team/files/a/b');
  assert.equal(keys.folder(path('a')), 'team/files/a/');
  assert.equal(keys.folder([]), 'team/files/');
  assert.equal(new Keys('').folder([]), '');
  assert.deepEqual(keys.pathOf('team/files/a/b/'), { path: path('a/b'), isFolder: true });
  assert.equal(keys.pathOf('team/files/a//b'), undefined);
  assert.equal(keys.pathOf(keys.hidden('up/x')), undefined);
  assert.equal(keys.pathOf('elsewhere/a'), undefined);
  assert.throws(() => keys.file([stagingName, nameFromText('x')]), withCode('NAME_INVALID'));
  assert.throws(
    () => keys.file(path('ä'.repeat(100)).concat(path('\u{1}'.repeat(250)), path('\u{1}'.repeat(250)))),
    withCode('NAME_TOO_LONG'),
  );
});

test('s3 addresses: a bucket and a plain prefix, nothing else', () => {
  assert.equal(checkAddress('s3://films/new/ones/'), 's3://films/new/ones');
  assert.equal(checkAddress('s3://films/'), 's3://films');
  assert.deepEqual(partsOf('s3://films/ä b'), { bucket: 'films', prefix: 'ä b' });
  const long = `s3://films/${'x'.repeat(201)}`;
  for (const one of [
    's3://',
    's3://ab',
    's3://Films',
    's3://films//a',
    's3://films/../a',
    's3://films/a\nb',
    long,
  ]) {
    assert.throws(() => checkAddress(one), withCode('USAGE'), one);
  }
});

test('s3 metadata: time and mode come back, also those that rclone and s3fs wrote; nonsense counts for nothing', () => {
  const name = nameFromText('f');
  const head = { size: 3, etag: 'e', storedS: 77, metadata: {} };
  for (const modified of [
    { s: 1_600_000_000, ns: 5 },
    { s: 0, ns: 0 },
    { s: -1, ns: 999_999_999 },
    { s: -2, ns: 500_000_000 },
  ]) {
    const metadata = metadataOf({ modified, mode: 0o640, version: 'v' });
    const facts = factsOf(name, 'file', { ...head, metadata });
    assert.deepEqual([facts.modified, facts.mode, facts.size], [modified, 0o640, 3]);
  }
  const of = (metadata: Record<string, string>) => factsOf(name, 'file', { ...head, metadata });
  assert.deepEqual(of({ mtime: '1600000000.25' }).modified, { s: 1_600_000_000, ns: 250_000_000 });
  assert.equal(of({ mode: '33188' }).mode, 0o644);
  for (const mtime of ['', 'x', '99999999999999', '1e5', '999999999999']) {
    assert.deepEqual(of({ mtime }).modified, { s: 77, ns: 0 });
  }
  assert.equal(of({ mode: '0x1ff' }).mode, 0o644);
  assert.deepEqual(factsOf(name, 'folder', undefined).kind, EntryKind.folder);
  assert.notEqual(of({}).identity, factsOf(name, 'file', { ...head, etag: 'f' }).identity);
  assert.notEqual(of({}).identity, factsOf(name, 'file', { ...head, storedS: 78 }).identity);
});

test('s3 uploads: what a name says comes back, and others say nothing', () => {
  const digests = Array.from({ length: 64 }, () => randomBytes(32));
  const names = partNames(3, 128, 'abc-def', digests);
  assert.ok(names.every((name) => name.length < 1024 - 250));
  const said = names.map(readName);
  assert.deepEqual(
    said.flatMap((one) => (one?.kind === 'part' ? one.digests : [])).map((one) => Buffer.from(one)),
    digests,
  );
  assert.ok(said.every((one) => one?.kind === 'part' && one.etag === 'abc-def' && one.part === 3));
  const [digest = Buffer.alloc(32)] = digests;
  assert.deepEqual(readName(blockName(7, digest)), { kind: 'block', index: 7, digest });
  for (const name of ['info', 'p.1.0', 'b.1.x', 'b.-1.x', '']) assert.equal(readName(name), undefined);
});

test('s3 uploads: parts are at least 5 MiB and no more than 10,000', () => {
  for (const size of [0, 1, 2 ** 23 + 1, 80 * 2 ** 30, 100 * 2 ** 30, mostFileBytes]) {
    const bytesEach = runOf(size) * 2 ** 20;
    assert.ok(bytesEach >= 5 * 2 ** 20 && size / bytesEach <= 10_000, String(size));
  }
});

test('s3: memory for parts goes to who waited first, and who holds it in vain is not waited for', async () => {
  const memory = new PartMemory(10, 600_000);
  assert.ok(memory.take(6));
  const got: string[] = [];
  const waits = [
    ['large', 8],
    ['small', 1],
  ] as const;
  const waiting = waits.map(async ([name, bytes]) => {
    got.push(`${name} ${await memory.takeSoon(bytes)}`);
  });
  assert.ok(!memory.take(1), 'nobody overtakes');
  memory.give(6);
  await Promise.all(waiting);
  assert.deepEqual(got, ['large true', 'small true']);
  memory.give(9);
  assert.ok(memory.take(11), 'larger than all of it, and alone');
  assert.ok(!memory.take(1));
  memory.give(11);
  const impatient = new PartMemory(10, 0);
  assert.ok(impatient.take(10));
  const refused = await Promise.all(Array.from({ length: 20 }, () => impatient.takeSoon(1)));
  assert.deepEqual(new Set(refused), new Set([false]));
  // What is on its way to the store comes back.
  const patient = new PartMemory(10, 0);
  assert.ok(patient.take(10));
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent = patient.whileSent(promise).then(() => patient.give(10));
  const later = patient.takeSoon(4);
  await new Promise((passed) => setTimeout(passed, 5));
  resolve();
  await sent;
  assert.equal(await later, true);
  // Where it has to be done all the same, one does it at a time.
  let busy = 0;
  const turns = Array.from({ length: 3 }, () =>
    patient.beyond(async () => {
      busy += 1;
      assert.equal(busy, 1);
      await promise;
      busy -= 1;
    }),
  );
  await Promise.all(turns);
});
