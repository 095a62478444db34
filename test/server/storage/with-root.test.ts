/** withRoot shows long work a part of what is shared, and nothing of the rest. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anyEntry } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import { LocalStorage } from '@ferry/server/storage/local';
import { withRoot } from '@ferry/server/storage/with-root';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';

test('work and trash begin at the account’s root, and cannot name it', async (t) => {
  const dir = scratchFolder(t);
  const whole = LocalStorage.open(dir);
  t.after(() => whole.close());
  mkdirSync(join(dir, 'part/a'), { recursive: true });
  writeFileSync(join(dir, 'part/a/file'), 'x');
  writeFileSync(join(dir, 'secret'), 'x');
  const { works } = withRoot(whole, path('part'));
  await works.copy({ from: path('a'), to: path('b'), existing: 'fail' }, new Work());
  assert.deepEqual(readdirSync(join(dir, 'part')).sort(), ['a', 'b']);
  const found: string[] = [];
  await works.find([], anyEntry, 100, new Work(), ({ folder, entry }) => {
    found.push([...folder, entry.name].join('/'));
  });
  assert.deepEqual(found.sort(), ['a', 'a/file', 'b', 'b/file']);
  await assert.rejects(works.trash([], 'anna', new Work()), withCode('FORBIDDEN'));
  await assert.rejects(works.removeTree([], new Work()), withCode('FORBIDDEN'));
  await whole.works.trash(path('secret'), 'anna', new Work());
  const { id, path: was } = await works.trash(path('b'), 'anna', new Work());
  assert.deepEqual(was, path('b'));
  const rows: string[] = [];
  await works.listTrash('anna', [], new Work(), (one) => void rows.push(one.path.join('/')));
  assert.deepEqual(rows, ['b']);
  assert.deepEqual((await works.restore('anna', [], id, path('c'))).path, path('c'));
  assert.deepEqual(readdirSync(join(dir, 'part')).sort(), ['a', 'c']);
});
