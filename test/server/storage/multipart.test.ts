/** The memory of a part that a commit puts together is one part's at a time, whatever else happens to its file meanwhile. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';
import { blockDigest, rootDigest } from '@ferry/protocol/content';
import { Multipart } from '../../../packages/server/src/storage/s3/multipart.ts';
import type { ObjectStore } from '../../../packages/server/src/storage/s3/object-store.ts';
import { PartMemory } from '../../../packages/server/src/storage/s3/part-memory.ts';
import { blockName } from '../../../packages/server/src/storage/s3/upload-keys.ts';
import { withCode } from '../../support/code.ts';

const count = 8;
const size = count * limits.blockBytes;
const blocks = Array.from({ length: count }, (_, i) => Buffer.alloc(limits.blockBytes, i + 1));
const digests = blocks.map((block) => blockDigest(block));
const root = rootDigest(size, digests);

/** All blocks are in the store by themselves; `reached` says when the first of them is asked for, `go` lets the store answer. */
function gathering() {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const objects = new Map(digests.map((digest, i) => [`up/${blockName(i, digest)}`, blocks[i]]));
  const sent: Buffer[] = [];
  const store = {
    parts: async () => [],
    list: async () => ({
      objects: [...objects.keys()].map((key) => ({ key, size: limits.blockBytes })),
      prefixes: [],
      next: undefined,
    }),
    get: async (key: string) => {
      reached.resolve();
      await go.promise;
      return { head: {}, content: objects.get(key) };
    },
    put: async () => 'etag',
    putPart: async (_key: string, _id: string, _number: number, bytes: Buffer) => {
      sent.push(Buffer.from(bytes));
      return 'etag';
    },
  } as unknown as ObjectStore;
  const memory = new PartMemory(size);
  const spec = { store, memory, folder: 'up/', key: 'file', uploadId: 'id', size, run: count };
  return { file: new Multipart(spec), memory, sent, reached: reached.promise, go: () => go.resolve() };
}

function assertOneEach(memory: PartMemory): void {
  assert.ok(memory.take(size), 'all of it came back');
  assert.ok(!memory.take(size), 'and no more than there was');
  assert.notEqual(memory.buffer(size).buffer, memory.buffer(size).buffer, 'two parts shared their memory');
}

test('the same commit over two lanes puts a part together once', async () => {
  const { file, memory, sent, reached, go } = gathering();
  const commits = [file.finish(root), file.finish(root)];
  await reached;
  go();
  assert.deepEqual(await Promise.all(commits), [
    [{ number: 1, etag: 'etag' }],
    [{ number: 1, etag: 'etag' }],
  ]);
  assert.equal(sent.length, 1);
  assert.ok(sent[0]?.equals(Buffer.concat(blocks)));
  assertOneEach(memory);
});

test('an upload that is given up while a commit gathers leaves its memory alone from then on', async () => {
  const { file, memory, sent, reached, go } = gathering();
  const commit = assert.rejects(file.finish(root), withCode('BAD_STATE'));
  await reached;
  file.drop();
  go();
  await commit;
  assert.deepEqual(sent, []);
  assertOneEach(memory);
});
