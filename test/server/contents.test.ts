/** Content that the server has somewhere: what is remembered, who is told, and that a wrong hint does no harm. */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { limits } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import { locateContent } from '../../packages/server/src/session/known-content.ts';
import { ContentIndex, mostContents } from '../../packages/server/src/storage/content-index.ts';
import { LocalStorage } from '../../packages/server/src/storage/local.ts';
import { withRoot } from '../../packages/server/src/storage/with-root.ts';
import { learnContents } from '../../packages/server/src/worker/learn-contents.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { randomContent } from '../support/staging.ts';

const size = 4 * limits.blockBytes;

describe('contents that are known', () => {
  it('are found by size and first block, the latest first, at most four', (t) => {
    const index = new ContentIndex(join(scratchFolder(t), 'x/contents.db'));
    t.after(() => index.close());
    const firstBlock = blockDigest(Buffer.from('a'));
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      index.add({ path: path(name), identity: name, size, firstBlock });
    index.add({ path: path('a'), identity: '\xff\0', size, firstBlock });
    assert.deepEqual(
      index.find(size, firstBlock).map((found) => [found.path, found.identity]),
      [
        [path('a'), '\xff\0'],
        [path('e'), 'e'],
        [path('d'), 'd'],
        [path('c'), 'c'],
      ],
    );
    assert.ok(index.has(path('a'), '\xff\0'));
    assert.ok(!index.has(path('a'), 'a'));
    assert.deepEqual(index.find(size + 1, firstBlock), []);
    index.remove(path('a'));
    assert.ok(!index.has(path('a'), '\xff\0'));
  });

  it('are no more than so many', (t) => {
    const index = new ContentIndex(join(scratchFolder(t), 'contents.db'));
    t.after(() => index.close());
    const firstBlock = blockDigest(Buffer.from('a'));
    for (let i = 0; i < mostContents + 1000; i++)
      index.add({ path: path(`${i}`), identity: 'i', size, firstBlock });
    assert.ok(!index.has(path('999'), 'i'));
    assert.ok(index.has(path('1000'), 'i'));
  });

  it('are none where the file cannot be used', (t) => {
    const folder = scratchFolder(t);
    writeFileSync(
      join(folder, 'contents.db'),
      'something else, long enough to be looked at as a database '.repeat(40),
    );
    for (const file of [join(folder, 'contents.db'), join(folder, 'contents.db/below')]) {
      const index = new ContentIndex(file);
      const firstBlock = blockDigest(Buffer.from('a'));
      index.add({ path: path('a'), identity: 'i', size, firstBlock });
      assert.deepEqual(index.find(size, firstBlock), []);
      index.close();
    }
  });

  it('are learned by looking through what is shared, and told to whoever may read them', async (t) => {
    const folder = scratchFolder(t);
    mkdirSync(join(folder, 'in/deep'), { recursive: true });
    const { bytes } = randomContent(size);
    writeFileSync(join(folder, 'in/deep/f'), bytes);
    writeFileSync(join(folder, 'in/small'), bytes.subarray(1));
    const storage = LocalStorage.open(folder);
    const contents = new ContentIndex(join(scratchFolder(t), 'contents.db'));
    t.after(() => {
      storage.close();
      contents.close();
    });
    await learnContents(storage, contents, async () => {});
    const firstBlock = blockDigest(bytes.subarray(0, limits.blockBytes));
    const { signal } = new AbortController();
    const locate = (from: string, wanted = size) => {
      const root = from === '' ? [] : path(from);
      return locateContent({ storage: withRoot(storage, root), contents, root }, wanted, firstBlock, signal);
    };
    const { identity } = await storage.stat(path('in/deep/f'));
    assert.deepEqual(await locate(''), { path: path('in/deep/f'), identity });
    assert.deepEqual(await locate('in'), { path: path('deep/f'), identity });
    mkdirSync(join(folder, 'out'));
    assert.equal(await locate('out'), undefined);
    assert.equal(await locate('', size - 1), undefined);
    renameSync(join(folder, 'in/deep/f'), join(folder, 'in/deep/g'));
    assert.equal(await locate(''), undefined);
  });
});
