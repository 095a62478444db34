/** S3Storage keeps the storage contract, whatever conditions its store keeps. With a real store: test/cluster/s3-storage.test.ts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, FerryError, limits, type Name } from '@ferry/protocol';
import { type Trashed, Work } from '@ferry/protocol/disk';
import { FolderGlances, toldTo } from '@ferry/server/storage/s3/folder-glances';
import { Keys } from '@ferry/server/storage/s3/keys';
import { Objects } from '@ferry/server/storage/s3/objects';
import { S3Storage } from '@ferry/server/storage/s3/s3-storage';
import { withRetries } from '@ferry/server/storage/s3/with-retries';
import { storageSuite } from '../../suites/storage.suite.ts';
import { worksSuite } from '../../suites/works.suite.ts';
import { withCode } from '../../support/code.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';
import { path } from '../../support/scratch.ts';
import { contentOf, specFor, writeAll } from '../../support/staging.ts';

const all = { putAbsent: true, putEtag: true, complete: true };
const none = { putAbsent: false, putEtag: false, complete: false };

storageSuite('s3', () => new S3Storage(new MemoryBucket(all), 'a/prefix'));
worksSuite('s3', () => new S3Storage(new MemoryBucket(all), 'a/prefix'));
storageSuite('s3, no conditions', () => new S3Storage(new MemoryBucket(none), ''));

const putText = async (storage: S3Storage, at: string, text: string): Promise<void> => {
  const content = contentOf(Buffer.from(text));
  const upload = await storage.createUpload(specFor(at, content.bytes.length));
  await writeAll(upload, content);
  await upload.commit(content.root);
};
const textAt = async (storage: S3Storage, at: string): Promise<string> => {
  const file = await storage.openRead(path(at), undefined);
  const bytes = Buffer.alloc(file.facts.size);
  await file.read(0, bytes);
  return String(bytes);
};
const namesIn = async (storage: S3Storage, at = ''): Promise<string[]> => {
  const names: string[] = [];
  for await (const page of storage.list(path(at))) names.push(...page.map(({ name }) => name));
  return names.sort();
};
const trashOf = async (storage: S3Storage, owner: string): Promise<Trashed[]> => {
  const found: Trashed[] = [];
  await storage.works.listTrash(owner, [], new Work(), (one) => void found.push(one));
  return found;
};

test('s3: what was deleted comes back with time and permissions, to its owner alone', async () => {
  const storage = new S3Storage(new MemoryBucket(all), 'p');
  await storage.mkdir(path('a'));
  await storage.mkdir(path('a/sub'));
  await putText(storage, 'a/sub/file', 'text');
  await storage.setFacts(path('a/sub/file'), { modified: { s: 5, ns: 7 }, mode: 0o600 });
  const before = await storage.stat(path('a/sub/file'));
  await storage.works.trash(path('a/sub'), 'anna', new Work());
  assert.deepEqual(await namesIn(storage, 'a'), []);
  const [trashed] = await trashOf(storage, 'anna');
  assert.deepEqual([trashed?.files, trashed?.bytes, trashed?.path], [1, 4, path('a/sub')]);
  assert.deepEqual(await trashOf(storage, 'bert'), []);
  const id = trashed?.id ?? '';
  await assert.rejects(storage.works.restore('bert', [], id, undefined), withCode('NOT_FOUND'));
  await storage.remove(path('a'));
  await storage.works.restore('anna', [], id, undefined);
  assert.equal(await textAt(storage, 'a/sub/file'), 'text');
  const { modified, mode } = await storage.stat(path('a/sub/file'));
  assert.deepEqual([modified, mode], [before.modified, before.mode]);
  assert.deepEqual(await trashOf(storage, 'anna'), []);
  await storage.works.trash(path('a/sub/file'), 'anna', new Work());
  const [file] = await trashOf(storage, 'anna');
  await putText(storage, 'a/sub/file', 'other');
  await assert.rejects(storage.works.restore('anna', [], file?.id ?? '', undefined), withCode('EXISTS'));
  await storage.works.restore('anna', [], file?.id ?? '', path('a/back'));
  assert.deepEqual([await textAt(storage, 'a/back'), await textAt(storage, 'a/sub/file')], ['text', 'other']);
});

test('s3: deleting that is cancelled or fails leaves all where it was, and nothing in the trash', async () => {
  const store = new MemoryBucket(all);
  const storage = new S3Storage(store, '');
  await storage.mkdir(path('a'));
  for (const name of ['one', 'two', 'three']) await putText(storage, `a/${name}`, name);
  let copies = 0;
  store.before = (what) => {
    if (what === 'copy' && ++copies === 2) throw new FerryError(Code.FORBIDDEN, 'no');
  };
  await assert.rejects(storage.works.trash(path('a'), 'anna', new Work()), withCode('FORBIDDEN'));
  assert.deepEqual(await namesIn(storage, 'a'), ['one', 'three', 'two']);
  assert.deepEqual(
    [...store.bucket.objects.keys()].filter((key) => key.includes('.ferry')),
    [],
  );
});

test('s3: the trash and abandoned uploads go when they are old, and nothing else does', async () => {
  const store = new MemoryBucket({ ...all, complete: false });
  const storage = new S3Storage(store, 'p');
  const size = 9 * limits.blockBytes;
  await putText(storage, 'file', 'x');
  await putText(storage, 'kept', 'x');
  await storage.works.trash(path('file'), 'anna', new Work());
  await storage.createUpload(specFor('left', size, { source: 'v' }));
  const dayMs = 86_400_000;
  await storage.collect(7 * dayMs, Date.now() + 6 * dayMs);
  assert.deepEqual([store.bucket.uploads.size, (await trashOf(storage, 'anna')).length], [1, 1]);
  await storage.collect(7 * dayMs, Date.now() + 8 * dayMs);
  assert.deepEqual([store.bucket.uploads.size, (await trashOf(storage, 'anna')).length], [0, 1]);
  await storage.collect(7 * dayMs, Date.now() + 31 * dayMs);
  assert.deepEqual([...store.bucket.objects.keys()], ['p/kept']);
});

test('s3: a folder of too many keys for one step is refused in words, and moved by long work', async () => {
  const store = new MemoryBucket(all);
  const storage = new S3Storage(store, '');
  const head = { size: 1, etag: 'e', storedS: 1, metadata: {} };
  for (let i = 0; i <= 1000; i++) store.bucket.objects.set(`a/${i}`, { content: Buffer.from('x'), head });
  await assert.rejects(storage.rename(path('a'), path('b')), withCode('FORBIDDEN'));
  const work = new Work();
  await storage.works.move({ from: path('a'), to: path('b'), existing: 'fail' }, work);
  assert.deepEqual([work.files, work.failed, (await namesIn(storage)).join()], [1001, 0, 'b']);
});

test('s3: what others put there is shown, and what no name means is not', async () => {
  const store = new MemoryBucket(all);
  const storage = new S3Storage(store, 'p');
  const head = { size: 1, etag: 'e', storedS: 1_600_000_000, metadata: { mtime: '5.5' } };
  const keys = [
    'p/x',
    'p/x-1',
    'p/x/below',
    'p/dir/deep/file',
    'p//odd',
    'p/..',
    'p/%C3%A9',
    'p/\u{e9}',
    'q/no',
  ];
  for (const key of keys) store.bucket.objects.set(key, { content: Buffer.from('x'), head });
  assert.deepEqual(await namesIn(storage), ['dir', 'x', 'x-1', '\xc3\xa9']);
  assert.deepEqual((await storage.stat(path('x'))).modified, { s: 5, ns: 500_000_000 });
  assert.deepEqual(await namesIn(storage, 'x'), ['below']);
  assert.deepEqual(await namesIn(storage, 'dir/deep'), ['file']);
  await assert.rejects(storage.remove(path('dir')), withCode('NOT_EMPTY'));
  await assert.rejects(storage.mkdir(path('dir')), withCode('EXISTS'));
});

test('s3: what may pass is tried again, for half a minute; what does not is not', async () => {
  const store = new MemoryBucket(all);
  let restedMs = 0;
  const patient = withRetries(store, async (ms) => {
    restedMs += ms;
  });
  let failures = 3;
  store.before = () => {
    if (failures-- > 0) throw new FerryError(Code.BUSY, 'away');
  };
  await patient.put('k', Buffer.from('x'), {});
  failures = Number.POSITIVE_INFINITY;
  await assert.rejects(patient.head('k'), withCode('BUSY'));
  assert.ok(restedMs > 10_000 && restedMs < 60_000);
  store.before = () => {
    throw new FerryError(Code.FORBIDDEN, 'no');
  };
  const { counts } = store;
  counts.clear();
  await assert.rejects(patient.head('k'), withCode('FORBIDDEN'));
  assert.equal(counts.get('head'), 1);
});

test('s3: of a folder that many packs are for a look is believed for a moment, and what is changed here counts at once', async () => {
  const store = new MemoryBucket(all);
  let nowMs = 0;
  const objects = new Objects(
    toldTo(store, () => glances),
    new Keys('p'),
  );
  const glances = new FolderGlances(objects, () => nowMs);
  const at = path('folder');
  const asks = async (names: readonly string[]): Promise<boolean[]> => {
    const folders = await glances.foldersAmong(at, names as readonly Name[]);
    await glances.check(at);
    return Promise.all(names.map((name) => folders(name as Name)));
  };
  const looks = (): number => (store.counts.get('list') ?? 0) + (store.counts.get('head') ?? 0);
  await assert.rejects(glances.check(at), withCode('NOT_FOUND'));
  await store.put('p/folder/', Buffer.alloc(0), {});
  await store.put('p/folder/c/file', Buffer.alloc(1), {});
  assert.deepEqual(await asks(['b', 'c', 'd']), [false, true, false]);
  const before = looks();
  for (let i = 0; i < 50; i++) assert.deepEqual(await asks(['x', 'c']), [false, true]);
  assert.equal(looks(), before);
  // In front of what was looked at.
  assert.deepEqual(await asks(['a']), [false]);
  assert.equal(looks(), before + 1);
  // A file more changes nothing of that, a folder more does; of others it is heard of a little later.
  await objects.store.put('p/folder/y', Buffer.alloc(1), {});
  await objects.store.put('p/other/y/z', Buffer.alloc(1), {});
  assert.deepEqual(await asks(['y']), [false]);
  assert.equal(looks(), before + 1);
  await objects.store.put('p/folder/x/deep', Buffer.alloc(1), {});
  assert.deepEqual(await asks(['x']), [true]);
  await store.put('p/folder/z/', Buffer.alloc(0), {});
  assert.deepEqual(await asks(['z']), [false]);
  nowMs += 3000;
  assert.deepEqual(await asks(['z']), [true]);
  const keys = ['', 'c/file', 'x/deep', 'y', 'z/'].map((key) => `p/folder/${key}`);
  await objects.store.removeAll(keys);
  await assert.rejects(glances.check(at), withCode('NOT_FOUND'));
  // More than one page: what lies behind it is asked by itself.
  for (let i = 1000; i < 2100; i++) await store.put(`p/folder/${i}`, Buffer.alloc(0), {});
  await store.put('p/folder/2100/x', Buffer.alloc(0), {});
  assert.deepEqual(await asks(['1000', '1999', '2100']), [false, false, true]);
});
