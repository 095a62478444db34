/** LocalStorage keeps the storage contract. What is special to disks: test/protocol/disk. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LocalStorage } from '@ferry/server/storage/local';
import { type MakeStorage, storageSuite } from '../../suites/storage.suite.ts';
import { worksSuite } from '../../suites/works.suite.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { specFor } from '../../support/staging.ts';

const make: MakeStorage = (t) => {
  const storage = LocalStorage.open(scratchFolder(t));
  t.after(() => storage.close());
  return storage;
};

storageSuite('local', make);
worksSuite('local', make);

test('local: a share that is only read gets no staging folder', async (t) => {
  const folder = scratchFolder(t);
  const storage = LocalStorage.open(folder);
  t.after(() => storage.close());
  await storage.stat([]);
  assert.equal(storage.collect(0, Date.now()), 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('local: partial files of the dead are collected by age', async (t) => {
  const folder = scratchFolder(t);
  const storage = LocalStorage.open(folder);
  t.after(() => storage.close());
  const upload = await storage.createUpload(specFor('file', 1));
  assert.equal(storage.collect(1000, Date.now() + 60_000), 1);
  assert.ok(existsSync(join(folder, '.ferry')));
  await upload.discard();
});
