/** withReadOnly reads like what is below it and refuses the rest. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStorage } from '@ferry/server/storage/memory';
import { withReadOnly } from '@ferry/server/storage/with-read-only';
import { withCode } from '../../support/code.ts';
import { path } from '../../support/scratch.ts';
import { contentOf, specFor, writeAll } from '../../support/staging.ts';

test('every verb that changes something is READ_ONLY and changes nothing; the others work', async () => {
  const memory = new MemoryStorage();
  const content = contentOf(Buffer.from('text'));
  const upload = await memory.createUpload(specFor('file', 4));
  await writeAll(upload, content);
  const { facts } = await upload.commit(content.root);

  const storage = withReadOnly(memory);
  await assert.rejects(storage.mkdir(path('a')), withCode('READ_ONLY'));
  await assert.rejects(storage.rename(path('file'), path('b')), withCode('READ_ONLY'));
  await assert.rejects(storage.remove(path('file')), withCode('READ_ONLY'));
  await assert.rejects(storage.createUpload(specFor('new', 1)), withCode('READ_ONLY'));

  assert.deepEqual(await storage.stat(path('file')), facts);
  const handle = await storage.openRead(path('file'), facts.identity);
  const buffer = Buffer.alloc(4);
  assert.equal(await handle.read(0, buffer), 4);
  assert.equal(String(buffer), 'text');
  handle.close();
  const pages = [];
  for await (const page of storage.list([])) pages.push(...page);
  assert.equal(pages.length, 1);
  assert.ok((await storage.space([])).free > 0);
});
