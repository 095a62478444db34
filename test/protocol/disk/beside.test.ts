import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Code, FerryError, limits, nameFromText } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import { Root, type StagedFile, Staging } from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { specFor } from '../../support/staging.ts';

function begin(t: TestContext, size: number): { folder: string; file: StagedFile } {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-beside-'));
  const root = Root.open(folder);
  t.after(() => {
    root.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const spec = {
    transferId: randomBytes(16).toString('hex'),
    target: [nameFromText('file')],
    size,
    modified: { s: 1, ns: 0 },
    mode: 0o644,
    existing: 'fail',
  } as const;
  return { folder, file: new Staging(root).create(spec) };
}

test('blocks written beside the thread make the same file, whatever their order and however often they come', async (t) => {
  const content = randomBytes(3 * limits.blockBytes + 17);
  const { folder, file } = begin(t, content.length);
  const block = (index: number): Buffer =>
    content.subarray(index * limits.blockBytes, (index + 1) * limits.blockBytes);
  const order = [3, 1, 1, 0, 2, 3, 0];
  await Promise.all(order.map((index) => file.writeBeside(index, block(index), blockDigest(block(index)))));
  await file.writeBeside(2, block(2), blockDigest(block(2)));
  file.commit();
  assert.ok(readFileSync(join(folder, 'file')).equals(content));
});

test('a damaged block is refused before anything is written, and may come again', async (t) => {
  const content = randomBytes(1000);
  const { file } = begin(t, content.length);
  await assert.rejects(
    file.writeBeside(0, content, randomBytes(32)),
    (error) => error instanceof FerryError && error.code === Code.INTEGRITY,
  );
  assert.equal(file.complete, false);
  await file.writeBeside(0, content, blockDigest(content));
  assert.equal(file.complete, true);
  file.discard();
});

test('a file discarded while blocks are under way is gone at once, and its descriptor outlives the writes', async (t) => {
  const content = randomBytes(limits.blockBytes);
  const { folder, file } = begin(t, 8 * limits.blockBytes);
  const open = readdirSync('/proc/self/fd').length;
  const writes = Array.from({ length: 8 }, (_, index) =>
    file.writeBeside(index, content, blockDigest(content)),
  );
  file.discard();
  assert.deepEqual(readdirSync(join(folder, '.ferry/part')), []);
  assert.equal(readdirSync('/proc/self/fd').length, open, 'closed under its write');
  const ended = await Promise.allSettled(writes);
  assert.ok(ended.every(({ status }) => status === 'fulfilled'));
  assert.equal(readdirSync('/proc/self/fd').length, open - 1);
  assert.ok(!existsSync(join(folder, 'file')));
});

test('a lane that had been given up wrote its block into the published file: it had the time of that', async (t) => {
  const content = randomBytes(12 * limits.blockBytes);
  const folder = scratchFolder(t);
  const root = Root.open(folder);
  t.after(() => root.close());
  const staging = new Staging(root);
  const spec = specFor('file', content.length, { source: 'x', modified: { s: 1_500_000_000, ns: 0 } });
  const file = staging.create(spec);
  const late = staging.reopen(spec, 'join');
  assert.ok(late !== undefined);
  const block = (index: number): Buffer =>
    content.subarray(index * limits.blockBytes, (index + 1) * limits.blockBytes);
  for (let i = 0; i < 12; i++) file.write(i, block(i), blockDigest(block(i)));
  // Two are under way when the other has all it needs…
  const underWay = [4, 5].map((i) => late.writeBeside(i, block(i), blockDigest(block(i))));
  file.commit();
  await Promise.allSettled(underWay);
  const { mtimeMs } = statSync(join(folder, 'file'));
  assert.equal(mtimeMs, 1_500_000_000_000, 'of what was under way');
  // …and what comes later is not written.
  assert.throws(() => late.write(3, block(3), blockDigest(block(3))), withCode('BAD_STATE'));
  await assert.rejects(late.writeBeside(3, block(3), blockDigest(block(3))), withCode('BAD_STATE'));
  assert.equal(statSync(join(folder, 'file')).mtimeMs, 1_500_000_000_000);
  late.leave();
  assert.ok(readFileSync(join(folder, 'file')).equals(content));
});
