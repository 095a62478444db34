/** Uploads into object storage that several servers share: one bucket in memory, a storage for each server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, FerryError, limits } from '@ferry/protocol';
import { PartMemory } from '@ferry/server/storage/s3/part-memory';
import { S3Storage } from '@ferry/server/storage/s3/s3-storage';
import type { ReadHandle, Storage, Upload, UploadSpec } from '@ferry/server/storage/storage';
import { withCode } from '../../support/code.ts';
import { type Bucket, MemoryBucket, newBucket } from '../../support/memory-bucket.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { path } from '../../support/scratch.ts';
import { type Content, randomContent, specFor } from '../../support/staging.ts';

/** As Ceph: conditions for single puts alone. */
const ceph = { putAbsent: true, putEtag: true, complete: false };
const none = { putAbsent: false, putEtag: false, complete: false };

type Server = { readonly storage: Storage; readonly store: MemoryBucket };

function servers(
  count: number,
  able = ceph,
  bucket: Bucket = newBucket(),
): { bucket: Bucket; all: Server[] } {
  const all = Array.from({ length: count }, () => {
    const store = new MemoryBucket(able, bucket);
    return { store, storage: new S3Storage(store, 'p', new PartMemory(128 * limits.blockBytes, 0)) };
  });
  return { bucket, all };
}

const first = <T>(all: readonly T[], at = 0): T => {
  const one = all[at];
  assert.ok(one !== undefined);
  return one;
};

async function send(upload: Upload, content: Content, indices: Iterable<number>): Promise<void> {
  for (const i of indices) await upload.write(i, first(content.blocks, i), first(content.digests, i));
}

async function contentAt(storage: Storage, at: string): Promise<Buffer> {
  const file = await storage.openRead(path(at), undefined);
  const whole = Buffer.alloc(file.facts.size);
  for (let i = 0; i * limits.blockBytes < whole.length; i++) {
    await file.read(i, whole.subarray(i * limits.blockBytes));
  }
  assert.equal(await file.unchanged(), true);
  file.close();
  return whole;
}

/** What is left of transfers: nothing but files. */
function leftIn({ objects, uploads }: Bucket): string[] {
  return [...[...objects.keys()].filter((key) => key.includes('.ferry')), ...uploads.keys()];
}

const large = 19 * limits.blockBytes + 77;
const all = (content: Content): number[] => content.blocks.map((_, i) => i);
const spec = (size: number, more: Partial<UploadSpec> = {}): UploadSpec => ({
  ...specFor('file', size),
  source: 'version',
  begin: 'resume',
  ...more,
});

test(`s3: lanes that land anywhere give the same file, in whatever order the blocks come (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(3); round++) {
    const { bucket, all: three } = servers(3);
    const content = randomContent(large);
    const order = spec(large);
    const lanes: Upload[] = [];
    for (const [i, { storage }] of [...three, first(three)].entries()) {
      lanes.push(await storage.createUpload({ ...order, begin: i === 0 ? 'resume' : 'join' }));
    }
    const shuffled = all(content).toSorted(() => random(3) - 1);
    await Promise.all(
      lanes.map((lane, n) =>
        send(
          lane,
          content,
          shuffled.filter((_, i) => i % lanes.length === n),
        ),
      ),
    );
    const last = lanes.splice(random(lanes.length), 1);
    await Promise.all(lanes.map(async (lane) => lane.leave()));
    const { facts } = await first(last).commit(content.root);
    for (const { storage } of three) {
      assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
      assert.deepEqual(await storage.stat(path('file')), facts);
    }
    assert.deepEqual(leftIn(bucket), []);
  }
});

test('s3: lanes that take whole runs put each part at once, and nothing by itself', async () => {
  const { all: two } = servers(2);
  const content = randomContent(4 * 8 * limits.blockBytes);
  const order = spec(content.bytes.length);
  const one = await first(two).storage.createUpload(order);
  const other = await first(two, 1).storage.createUpload({ ...order, begin: 'join' });
  assert.equal(one.run, 8);
  await Promise.all([
    send(
      one,
      content,
      all(content).filter((i) => i % 16 < 8),
    ),
    send(
      other,
      content,
      all(content).filter((i) => i % 16 >= 8),
    ),
  ]);
  await other.leave();
  await one.commit(content.root);
  const puts = two.map(({ store }) => store.counts.get('putPart'));
  assert.deepEqual(puts, [2, 2]);
  // The upload itself, the names of its parts, and the name that is held for it.
  assert.equal(
    two.reduce((sum, { store }) => sum + (store.counts.get('put') ?? 0), 0),
    1 + 4 + 1,
  );
  assert.equal(first(two).store.counts.get('get') ?? 0, 1);
});

test('s3: lanes for which there is no memory wait for it, and none of their blocks goes by itself', async () => {
  const run = 8 * limits.blockBytes;
  const store = new MemoryBucket(ceph);
  const memory = new PartMemory(2 * run, 600_000);
  const keys = new Set<string>();
  store.before = (_, key) => {
    keys.add(key);
  };
  const storage = new S3Storage(store, 'p', memory);
  const content = randomContent(5 * run - 1);
  const order = spec(content.bytes.length);
  const lanes: Upload[] = [];
  for (let lane = 0; lane < 5; lane++)
    lanes.push(await storage.createUpload({ ...order, begin: lane === 0 ? 'resume' : 'join' }));
  await Promise.all(
    lanes.map((lane, n) =>
      send(
        lane,
        content,
        all(content).filter((i) => Math.floor(i / 8) === n),
      ),
    ),
  );
  const [one, ...others] = lanes;
  for (const other of others) await other.leave();
  await one?.commit(content.root);
  assert.equal(store.counts.get('putPart'), 5);
  assert.equal([...keys].filter((key) => key.includes('/b.')).length, 0);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
  // All of it has come back, to the byte.
  assert.ok(memory.take(2 * run));
  assert.ok(!memory.take(1));
});

test('s3: after a server was killed another one knows what is stored, and asks for the rest alone', async () => {
  const { bucket, all: two } = servers(2);
  const content = randomContent(large);
  const order = spec(large);
  const dying = await first(two).storage.createUpload(order);
  await send(dying, content, [...Array(8).keys(), 12]);
  // Its ninth block was only in memory.
  const { storage } = first(two, 1);
  const joined = await storage.createUpload({ ...order, begin: 'join' });
  await send(joined, content, all(content).slice(13));
  await assert.rejects(joined.commit(content.root), withCode('BAD_STATE'));
  const again = await storage.createUpload(order);
  const had = new Map(again.verified());
  assert.deepEqual([...had.keys()], [...Array(8).keys(), ...all(content).slice(13)]);
  for (const [i, digest] of had)
    assert.deepEqual(Buffer.from(digest), Buffer.from(first(content.digests, i)));
  await send(again, content, [8, 9, 10, 11, 12]);
  await again.commit(content.root);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
  assert.deepEqual(leftIn(bucket), []);
});

test('s3: a commit whose answer was lost is answered the same again, by any server', async () => {
  const { all: two } = servers(2);
  for (const size of [100, large]) {
    const content = randomContent(size);
    const order = { ...spec(size), target: path(`file-${size}`) };
    const upload = await first(two).storage.createUpload(order);
    await send(upload, content, all(content));
    const { facts } = await upload.commit(content.root);
    const again = await first(two, 1).storage.createUpload(order);
    assert.deepEqual(again.committed?.facts, facts);
    const other = { ...order, transferId: 'f'.repeat(32) };
    await assert.rejects(first(two, 1).storage.createUpload(other), withCode('EXISTS'));
    await assert.rejects(
      first(two, 1).storage.createUpload({ ...order, owner: 'other' }),
      withCode('EXISTS'),
    );
  }
});

for (const [name, able] of Object.entries({ ceph, none })) {
  test(`s3: of several servers that publish one name one wins, whatever the store keeps (${name})`, async () => {
    const { bucket, all: three } = servers(3, able);
    for (let round = 0; round < runs(2); round++) {
      const contents = [large, 100, large].map(randomContent);
      const uploads = await Promise.all(
        three.map(async ({ storage }, i) => {
          const content = first(contents, i);
          const upload = await storage.createUpload(specFor(`file-${round}`, content.bytes.length));
          await send(upload, content, all(content));
          return upload;
        }),
      );
      const ends = await Promise.allSettled(
        uploads.map((upload, i) => upload.commit(first(contents, i).root)),
      );
      const winners = ends.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1);
      for (const end of ends) if (end.status === 'rejected') withCode('EXISTS')(end.reason);
      const there = await contentAt(first(three).storage, `file-${round}`);
      assert.ok(there.equals(first(contents, first(winners)).bytes));
    }
    assert.ok([...bucket.objects.keys()].every((key) => !key.includes('.ferry/lease')));
  });
}

test('s3: a name that is held for an upload is seen by nobody, and free again when the upload fails', async () => {
  const { all: two } = servers(2);
  const [one, other] = [first(two), first(two, 1)];
  const content = randomContent(large);
  const upload = await one.storage.createUpload(spec(large));
  await send(upload, content, all(content));
  let seen = 0;
  one.store.before = async (what) => {
    if (what !== 'complete') return;
    await assert.rejects(other.storage.stat(path('file')), withCode('NOT_FOUND'));
    await assert.rejects(other.storage.openRead(path('file'), undefined), withCode('NOT_FOUND'));
    for await (const _ of other.storage.list([])) assert.fail('nothing is there');
    await assert.rejects(other.storage.mkdir(path('file')), withCode('EXISTS'));
    seen += 1;
    throw new FerryError(Code.BUSY, 'the store went away');
  };
  await assert.rejects(upload.commit(content.root), withCode('BUSY'));
  assert.equal(seen, 1);
  one.store.before = () => {};
  await other.storage.mkdir(path('file'));
});

test('s3: a name that is held already for the same upload is no other one in its way', async () => {
  const { bucket, all: one } = servers(1);
  const { storage, store } = first(one);
  const content = randomContent(large);
  const order = spec(large, { existing: 'fail' });
  const upload = await storage.createUpload(order);
  await send(upload, content, all(content));
  // The answer to what holds the name is lost, and it is asked for again.
  let losses = 1;
  const put = store.put.bind(store);
  store.put = async (key, ...rest) => {
    const etag = await put(key, ...rest);
    if (key === 'p/file' && losses-- > 0) return put(key, ...rest);
    return etag;
  };
  await upload.commit(content.root);
  assert.equal(losses, 0);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
  assert.deepEqual(leftIn(bucket), []);
});

test('s3: a part that could not be stored is told, and what is stored is gone on with', async () => {
  const { all: one } = servers(1);
  const { storage, store } = first(one);
  const content = randomContent(large);
  const upload = await storage.createUpload(spec(large));
  let fails = true;
  store.before = (what) => {
    if (what === 'putPart' && fails) throw new FerryError(Code.BUSY, 'the store is away');
  };
  await assert.rejects(send(upload, content, all(content)), withCode('BUSY'));
  await upload.leave();
  fails = false;
  const again = await storage.createUpload(spec(large, { transferId: 'a'.repeat(32) }));
  await again.discard();
  assert.equal(store.bucket.uploads.size, 1);
  const resumed = await storage.createUpload({ ...spec(large), transferId: 'b'.repeat(32) });
  await send(resumed, content, all(content));
  await resumed.commit(content.root);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
});

test(`s3: whatever order blocks are read in, each is the right one, and nothing is fetched in vain (seed ${seed})`, async () => {
  const { all: one } = servers(1);
  const { storage, store } = first(one);
  const content = randomContent(large);
  const upload = await storage.createUpload(spec(large));
  await send(upload, content, all(content));
  await upload.commit(content.root);
  const read = async (file: ReadHandle, i: number): Promise<void> => {
    const buffer = Buffer.alloc(limits.blockBytes);
    const length = await file.read(i, buffer);
    assert.ok(buffer.subarray(0, length).equals(first(content.blocks, i)), String(i));
  };
  const asked: number[] = [];
  const streamed = store.stream.bind(store);
  store.stream = (...args) => {
    asked.push(args[3] / limits.blockBytes);
    return streamed(...args);
  };
  /** As a lane does: a few pieces are asked for before the first is read. */
  const lane = async (indices: readonly number[], piece: number): Promise<void> => {
    const file = await storage.openRead(path('file'), undefined);
    const pieces: number[][] = [];
    for (let i = 0; i < indices.length; i += piece) pieces.push(indices.slice(i, i + piece));
    for (const [n, one] of pieces.entries()) {
      for (const soon of n === 0 ? pieces.slice(0, 3) : pieces.slice(n + 2, n + 3))
        file.soon?.(soon[0] ?? 0, soon.length);
      for (const i of one) await read(file, i);
    }
    file.close();
  };
  const blocks = large / limits.blockBytes;
  for (const piece of [1, 3, 4]) {
    await lane(all(content), piece);
    assert.deepEqual(asked.splice(0), [16, blocks - 16], String(piece));
    await lane(all(content).slice(16), piece);
    assert.deepEqual(asked.splice(0), [blocks - 16], String(piece));
  }
  // Lanes that know no runs: each finds out once.
  for (const at of [0, 4])
    await lane(
      all(content).filter((i) => i % 8 >= at && i % 8 < at + 4),
      4,
    );
  assert.ok(asked.reduce((sum, one) => sum + one, 0) <= blocks + 2 * 16, String(asked));
  const random = randomFrom(seed);
  const file = await storage.openRead(path('file'), undefined);
  for (let i = 0; i < 60; i++) {
    if (random(2) === 0) file.soon?.(random(22), 1 + random(4));
    await read(file, random(content.blocks.length));
  }
  assert.equal(await file.read(content.blocks.length, Buffer.alloc(1)), 0);
  store.before = () => {
    throw new FerryError(Code.CONFLICT, 'another version');
  };
  const all20 = async (): Promise<void> => {
    for (const i of all(content)) await read(file, i);
  };
  await assert.rejects(all20(), withCode('SOURCE_CHANGED'));
  file.close();
});

test('s3: a thread that holds all it may puts blocks into the store one by one, and the file is the same', async () => {
  const { bucket, all: one } = servers(1);
  const { storage } = first(one);
  const full = 8 * limits.blockBytes;
  const held: Upload[] = [];
  for (let i = 0; i < 8; i++) held.push(await storage.createUpload(specFor(`held-${i}`, full)));
  const content = randomContent(full);
  const upload = await storage.createUpload(specFor('file', full));
  await send(upload, content, all(content).toReversed());
  assert.equal([...bucket.objects.keys()].filter((key) => key.includes('/b.')).length, 8);
  await upload.commit(content.root);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
  for (const each of held) await each.discard();
  assert.deepEqual(leftIn(bucket), []);
  const after = await storage.createUpload(specFor('after', full));
  assert.equal(after.run, undefined);
  await after.discard();
});

test('s3: slices of a block of a large file are put together, and a wrong one is sent again', async () => {
  const { all: one } = servers(1);
  const { storage } = first(one);
  const content = randomContent(large);
  const upload = await storage.createUpload(spec(large));
  const block = first(content.blocks, 3);
  await upload.writeSlice(3, 0, block.subarray(1, 1001));
  await upload.writeSlice(3, 1000, block.subarray(1000));
  const settle = async (): Promise<void> => upload.settle(3, first(content.digests, 3));
  await assert.rejects(settle, withCode('INTEGRITY'));
  await upload.writeSlice(3, 0, block.subarray(0, 1000));
  await settle();
  await settle();
  for (const index of [-1, 20, 0.5]) {
    await assert.rejects(
      async () => upload.writeSlice(index, 0, block),
      withCode('MALFORMED'),
      String(index),
    );
    await assert.rejects(async () => upload.settle(index, first(content.digests)), withCode('MALFORMED'));
  }
  await send(upload, content, all(content));
  await upload.commit(content.root);
  assert.ok((await contentAt(storage, 'file')).equals(content.bytes));
});
