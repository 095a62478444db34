/** Rules for folders against long work: trees that hold what may not be touched are not touched, what may not be seen is not seen. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { anyEntry, type FerryError, type FindQuery } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import { LocalStorage } from '@ferry/server/storage/local';
import type { Storage } from '@ferry/server/storage/storage';
import type { Rights } from '../../packages/server/src/access/rights.ts';
import { parseRule } from '../../packages/server/src/access/settings.ts';
import { withRights } from '../../packages/server/src/access/with-rights.ts';
import { path, scratchFolder } from '../support/scratch.ts';

const rules = ['shown=reader', 'hidden=none', 'hidden/but/this=reader', 'mixed/locked=list', 'drop=uploader'];
const writer: Rights = { role: 'writer', rules: rules.map(parseRule) };

function shared(t: TestContext, now: () => Rights = () => writer): { dir: string; storage: Storage } {
  const dir = scratchFolder(t);
  for (const folder of ['shown', 'hidden/but/this', 'mixed/locked', 'mixed/open', 'drop']) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  for (const folder of [
    'shown',
    'hidden',
    'hidden/but',
    'hidden/but/this',
    'mixed',
    'mixed/locked',
    'mixed/open',
    'drop',
  ]) {
    writeFileSync(join(dir, folder, 'file'), 'text');
  }
  const storage = LocalStorage.open(dir);
  t.after(() => storage.close());
  return { dir, storage: withRights(storage, [], now) };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: FerryError) => error.codeName,
  );

describe('rules and long work', () => {
  it('refuse a tree that holds something which may not be taken along (AUTZ-06)', async (t) => {
    const { dir, storage } = shared(t);
    const { works } = storage;
    const graft = (verb: 'copy' | 'move', from: string, to: string): Promise<string> =>
      codeOf(works[verb]({ from: path(from), to: path(to), existing: 'overwrite' }, new Work()));
    const before = readdirSync(dir, { recursive: true }).map(String).sort();
    for (const [answer, from, to] of [
      ['FORBIDDEN', 'mixed', 'new'],
      ['FORBIDDEN', 'mixed/locked/file', 'new'],
      ['NOT_FOUND', 'hidden/file', 'new'],
      ['FORBIDDEN', 'drop/file', 'new'],
      ['FORBIDDEN', 'mixed/open/file', 'shown/new'],
      ['NOT_FOUND', 'mixed/open/file', 'hidden/new'],
      ['FORBIDDEN', 'mixed/open', 'mixed/locked'],
    ] as const) {
      assert.equal(await graft('copy', from, to), answer, `copy ${from} ${to}`);
      assert.equal(await graft('move', from, to), answer, `move ${from} ${to}`);
    }
    for (const verb of ['removeTree', 'trash'] as const) {
      const remove = (at: string): Promise<string> =>
        codeOf(
          verb === 'trash' ? works.trash(path(at), '', new Work()) : works.removeTree(path(at), new Work()),
        );
      assert.equal(await remove('mixed'), 'FORBIDDEN');
      assert.equal(await remove('shown/file'), 'FORBIDDEN');
      assert.equal(await remove('hidden/file'), 'NOT_FOUND');
    }
    assert.deepEqual(readdirSync(dir, { recursive: true }).map(String).sort(), before);
    assert.equal(await graft('copy', 'shown', 'mixed/copy'), 'done');
    assert.equal(await graft('move', 'mixed/copy', 'mixed/moved'), 'done');
    assert.equal(await graft('copy', 'hidden/but/this', 'mixed/this'), 'done');
    assert.deepEqual(readdirSync(join(dir, 'mixed')).sort(), ['file', 'locked', 'moved', 'open', 'this']);
  });

  it('let only who may overwrite put an old version in the place of the one that is there', async (t) => {
    const dir = scratchFolder(t);
    const plain = LocalStorage.open(dir);
    t.after(() => plain.close());
    writeFileSync(join(dir, 'file'), 'old');
    writeFileSync(join(dir, 'other'), 'new');
    const graft = { from: path('other'), to: path('file'), existing: 'overwrite', keepsFor: 'x' } as const;
    await plain.works.copy(graft, new Work());
    const ids: string[] = [];
    await plain.works.listTrash('x', [], new Work(), ({ id }) => {
      ids.push(id);
    });
    const [id = ''] = ids;
    const as = (rule: string) =>
      withRights(plain, [], () => ({ role: 'reader', rules: [parseRule(rule)] })).works;
    const creator = as('/=list,read,create,delete,mkdir');
    assert.equal(await codeOf(creator.restore('x', [], id, undefined)), 'FORBIDDEN');
    assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'new');
    await as('/=list,read,create,overwrite,mkdir').restore('x', [], id, undefined);
    assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'old');
  });

  it('leave out of what is looked at what may not be seen', async (t) => {
    const { works } = shared(t).storage;
    const found = async (query: Partial<FindQuery>): Promise<string[]> => {
      const hits: string[] = [];
      await works.find([], { ...anyEntry, ...query }, 100, new Work(), (hit) => {
        hits.push([...hit.folder, hit.entry.name].join('/'));
      });
      return hits.sort();
    };
    assert.deepEqual(await found({}), [
      'hidden',
      'hidden/but',
      'hidden/but/this',
      'hidden/but/this/file',
      'mixed',
      'mixed/file',
      'mixed/locked',
      'mixed/locked/file',
      'mixed/open',
      'mixed/open/file',
      'shown',
      'shown/file',
    ]);
    const readable = ['hidden/but/this/file', 'mixed/file', 'mixed/open/file', 'shown/file'];
    assert.deepEqual(await found({ content: 'text' }), readable);
    const sums: string[] = [];
    await works.sum([], 0, new Work(), (row) => void sums.push(row.path.join('/')));
    assert.deepEqual(sums.sort(), readable);
    const used = new Work();
    await works.usage([], used, () => {});
    assert.deepEqual([used.files, used.bytes], [5, 20]);
    const parts: Buffer[] = [];
    await works.archive([], new Work(), (bytes) => void parts.push(Buffer.from(bytes)));
    const archive = Buffer.concat(parts).toString('latin1');
    assert.ok(
      archive.includes('hidden/but/this/file') && !archive.includes('locked') && !archive.includes('drop'),
    );
    for (const at of ['hidden/file', 'drop/file', 'mixed/locked/file']) {
      assert.notEqual(await codeOf(works.sum(path(at), 0, new Work(), () => {})), 'done');
      assert.notEqual(await codeOf(works.archive(path(at), new Work(), () => {})), 'done');
    }
  });

  it('hold while work goes on: what was taken away meanwhile ends it, and nothing is published (AUTZ-05)', async (t) => {
    let now: Rights = { role: 'writer', rules: [] };
    const { dir, storage } = shared(t, () => now);
    const work = new Work();
    const turn = work.turn.bind(work);
    work.turn = () => {
      now = { role: 'reader', rules: [] };
      work.check();
      return turn();
    };
    const copying = storage.works.copy({ from: path('mixed'), to: path('new'), existing: 'fail' }, work);
    assert.equal(await codeOf(copying), 'READ_ONLY');
    assert.deepEqual(readdirSync(dir).sort(), ['drop', 'hidden', 'mixed', 'shown']);
  });

  it('decide where something may be restored to', async (t) => {
    let now: Rights = { role: 'writer', rules: [] };
    const { works } = shared(t, () => now).storage;
    const { id } = await works.trash(path('shown/file'), 'anna', new Work());
    now = writer;
    assert.equal(await codeOf(works.restore('anna', [], id, undefined)), 'FORBIDDEN');
    assert.equal(await codeOf(works.restore('anna', [], id, path('hidden/file2'))), 'NOT_FOUND');
    assert.equal(await codeOf(works.restore('bert', [], id, path('mixed/back'))), 'NOT_FOUND');
    assert.equal(await codeOf(works.restore('anna', [], id, path('mixed/back'))), 'done');
  });
});
