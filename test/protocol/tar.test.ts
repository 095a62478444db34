/** tar archives: what we write others read, what others write we read, however it is cut; with the real tar where there is one. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TarEntry, tarBlock, tarEnd, tarEntries, tarHeader, tarPadding } from '@ferry/protocol/content';
import { withCode } from '../support/code.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';

type Item = { readonly entry: TarEntry; readonly content: Buffer };

const file = (path: string, text: string): Item => ({
  entry: { path, kind: 'file', size: text.length, mode: 0o640, modified: 1_600_000_000, target: '' },
  content: Buffer.from(text, 'latin1'),
});
const other = (path: string, kind: TarEntry['kind'], target = ''): Item => ({
  entry: { path, kind, size: 0, mode: 0o755, modified: 1_600_000_000, target },
  content: Buffer.alloc(0),
});

function archiveOf(items: readonly Item[]): Buffer {
  const parts = items.flatMap(({ entry, content }) => [
    tarHeader(entry),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

async function* inChunks(bytes: Buffer, sizeOf: () => number): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, sizeOf());
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function itemsIn(bytes: Buffer, sizeOf = (): number => 10_000): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { entry, content } of tarEntries(inChunks(bytes, sizeOf))) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(Buffer.from(part));
    items.push({ entry, content: Buffer.concat(parts) });
  }
  return items;
}

const long = `${'deep/'.repeat(60)}${'n'.repeat(200)}`;
const items: readonly Item[] = [
  other('a', 'folder'),
  file('a/empty', ''),
  file('a/one', 'x'.repeat(tarBlock)),
  file('a/b\xfc\xff', 'y'.repeat(1000)),
  file(long, 'long'),
  other('a/link', 'symlink', 'one'),
  other('a/far', 'symlink', `../${'t'.repeat(150)}`),
];
const asRead = items.map(({ entry, content }) =>
  entry.kind === 'folder' ? { entry: { ...entry, path: `${entry.path}/` }, content } : { entry, content },
);

test(`what is written is read again, however it is cut (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const bytes = archiveOf(items);
  for (let round = 0; round < runs(30); round++) {
    assert.deepEqual(await itemsIn(bytes, () => random(1500)), asRead);
  }
});

test('content that nobody takes is skipped', async () => {
  const names: string[] = [];
  for await (const { entry } of tarEntries(inChunks(archiveOf(items), () => 100))) names.push(entry.path);
  assert.deepEqual(
    names,
    asRead.map(({ entry }) => entry.path),
  );
});

test('sizes and times beyond octal digits go into a pax header', async () => {
  const size = 2 ** 40;
  const header = tarHeader({ ...file('big', '').entry, size, modified: -5 });
  async function* endless(): AsyncGenerator<Buffer, void, void> {
    yield header;
    yield Buffer.alloc(10);
    throw new Error('far enough');
  }
  for await (const { entry } of tarEntries(endless())) {
    assert.deepEqual([entry.size, entry.modified, entry.path], [size, -5, 'big']);
    break;
  }
});

test('what is damaged, cut off or no archive is MALFORMED', async () => {
  const bytes = archiveOf(items);
  const flipped = Buffer.from(bytes);
  flipped[5] = 0x55;
  for (const bad of [flipped, Buffer.alloc(0), Buffer.from('no archive'), bytes.subarray(0, 1200)]) {
    await assert.rejects(itemsIn(bad), withCode('MALFORMED'));
  }
  // The end may be missing, as some writers forget it.
  assert.deepEqual(await itemsIn(bytes.subarray(0, -2 * tarBlock)), asRead);
});

const tar = (...args: readonly string[]) => spawnSync('tar', args, { encoding: 'utf8' });
const noTar = tar('--version').status !== 0 && 'tar is not installed here';

test('the real tar unpacks what we write', { skip: noTar }, (t) => {
  const dir = scratchFolder(t);
  writeFileSync(join(dir, 'x.tar'), archiveOf(items));
  const ran = tar('-x', '-p', '-f', join(dir, 'x.tar'), '-C', dir);
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  assert.equal(readFileSync(join(dir, long), 'utf8'), 'long');
  const { mode, mtimeMs, size } = statSync(join(dir, 'a/one'));
  assert.deepEqual([mode & 0o7777, mtimeMs, size], [0o640, 1_600_000_000_000, tarBlock]);
  assert.equal(readdirSync(join(dir, 'a')).length, 5);
});

test('we read what the real tar writes, in each of its formats', { skip: noTar }, async (t) => {
  const dir = scratchFolder(t);
  const deep = join(dir, 'top', ...Array.from({ length: 4 }, () => 'd'.repeat(60)));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'f'.repeat(120)), 'deep');
  writeFileSync(join(dir, 'top/ü'), 'content');
  utimesSync(join(dir, 'top/ü'), 1_600_000_000, 1_600_000_000);
  symlinkSync('l'.repeat(130), join(dir, 'top/link'));
  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    const ran = tar('-c', `--format=${format}`, '-f', join(dir, 'x.tar'), '-C', dir, 'top');
    const found = await itemsIn(readFileSync(join(dir, 'x.tar')));
    const names = found.map(({ entry }) => entry.path);
    assert.ok(names.includes('top/') && names.includes(`top/${'\xc3\xbc'}`), format);
    const one = found.find(({ entry }) => entry.path.endsWith('\xbc'));
    assert.deepEqual([String(one?.content), one?.entry.modified], ['content', 1_600_000_000]);
    // The old ones refuse what they cannot hold.
    assert.equal(ran.status, format === 'gnu' || format === 'pax' ? 0 : 2);
    if (ran.status !== 0) continue;
    assert.equal(String(found.find(({ entry }) => entry.path.endsWith('f'))?.content), 'deep');
    assert.equal(found.find(({ entry }) => entry.kind === 'symlink')?.entry.target, 'l'.repeat(130));
  }
});
