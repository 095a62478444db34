/** Archives made of a disk and unpacked onto it: hostile ones write nothing outside, and a cancelled one leaves nothing. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { limits } from '@ferry/protocol';
import { type TarEntry, tarEnd, tarHeader, tarPadding } from '@ferry/protocol/content';
import { archiveTree, Root, Staging, unpackTree, Work } from '@ferry/protocol/disk';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder, snapshot } from '../../support/scratch.ts';

type Place = { readonly dir: string; readonly root: Root; readonly staging: Staging };

function place(t: TestContext): Place {
  const dir = join(scratchFolder(t), 'share');
  mkdirSync(dir);
  const root = Root.open(dir);
  t.after(() => root.close());
  return { dir, root, staging: new Staging(root) };
}

const told = (work: Work): string[] =>
  work
    .takeFailures()
    .map((one) => `${one.path.join('/')} ${one.error.codeName}`)
    .sort();

async function archiveOf(root: Root, at: string, work = new Work()): Promise<Buffer> {
  const parts: Buffer[] = [];
  await archiveTree(root, path(at), work, (bytes) => {
    parts.push(Buffer.from(bytes));
  });
  return Buffer.concat(parts);
}

type Line = readonly [kind: TarEntry['kind'], path: string, more?: string];

/** A file's `more` is its content, a link's where it leads. */
function made(lines: readonly Line[]): Buffer {
  return Buffer.concat([
    ...lines.flatMap(([kind, at, more = '']) => {
      const content = Buffer.from(kind === 'file' ? more : '');
      const target = kind === 'file' ? '' : more;
      const entry = { path: at, kind, size: content.length, mode: 0o644, modified: 1_600_000_000, target };
      return [
        tarHeader({ ...entry, mode: kind === 'folder' ? 0o750 : 0o644 }),
        content,
        tarPadding(content.length),
      ];
    }),
    tarEnd,
  ]);
}

function nothingLeft({ dir }: Place, names: readonly string[]): void {
  assert.deepEqual(readdirSync(dir).sort(), ['.ferry', ...names].sort());
  assert.deepEqual(readdirSync(join(dir, '.ferry/part')), []);
}

describe('archiveTree and unpackTree', () => {
  test('a tree comes back as it was, in each compression', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'a/sub/empty'), { recursive: true });
    writeFileSync(join(at.dir, 'a/one'), 'one');
    writeFileSync(join(at.dir, 'a/sub/big'), Buffer.alloc(limits.blockBytes + 5, 'z'));
    writeFileSync(Buffer.from(`${join(at.dir, 'a')}/bad\xff`, 'latin1'), 'x');
    symlinkSync('sub/big', join(at.dir, 'a/link'));
    chmodSync(join(at.dir, 'a/sub'), 0o500);
    utimesSync(join(at.dir, 'a/sub'), 1_600_000_000, 1_600_000_000);
    const tar = await archiveOf(at.root, 'a');
    for (const [name, bytes] of [
      ['x.tar', tar],
      ['x.tar.gz', Buffer.concat([gzipSync(tar.subarray(0, 5000)), gzipSync(tar.subarray(5000))])],
      [
        'x.tar.zst',
        Buffer.concat([zstdCompressSync(tar.subarray(0, 5000)), zstdCompressSync(tar.subarray(5000))]),
      ],
    ] as const) {
      writeFileSync(join(at.dir, name), bytes);
      const work = new Work();
      await unpackTree(at.staging, { archive: path(name), to: path(`${name}-out`) }, work);
      const out = join(at.dir, `${name}-out/a`);
      assert.deepEqual(told(work), []);
      assert.equal(readFileSync(join(out, 'one'), 'utf8'), 'one');
      assert.ok(readFileSync(join(out, 'sub/big')).equals(readFileSync(join(at.dir, 'a/sub/big'))));
      assert.equal(readlinkSync(join(out, 'link')), 'sub/big');
      const { mode, mtimeMs } = statSync(join(out, 'sub'));
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o500, 1_600_000_000_000]);
      assert.equal(readdirSync(out).length, 4);
      assert.deepEqual([work.files, work.bytes], [4, limits.blockBytes + 9]);
    }
  });

  test('hostile names and links stay out, the rest goes on', async (t) => {
    const at = place(t);
    const outside = join(at.dir, '..');
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(at.dir, 'other'));
    const before = [snapshot(join(outside, 'secret')), snapshot(join(at.dir, 'other'))];
    const archive = made([
      ['file', '/etc/passwd', 'x'],
      ['file', '../secret', 'x'],
      ['file', 'a/../../secret', 'x'],
      ['file', './a/./good', 'good'],
      ['symlink', 'up', '..'],
      ['file', 'up/new', 'x'],
      ['symlink', 'out', '../../secret'],
      ['symlink', 'abs', '/etc'],
      ['symlink', 'beside', '../other'],
      ['file', 'beside/new', 'x'],
      ['hardlink', 'hard', '../secret'],
      ['hardlink', 'hard2', '/etc/passwd'],
      ['hardlink', 'hard3', 'up'],
      ['hardlink', 'fine', 'a/good'],
      ['other', 'fifo'],
      ['file', 'a', 'not over a folder'],
      ['file', '.ferry/x', 'a name as any other here'],
      ['file', 'a\0b', 'cut at the NUL'],
    ]);
    writeFileSync(join(at.dir, 'x.tar'), archive);
    const work = new Work();
    await unpackTree(at.staging, { archive: path('x.tar'), to: path('new') }, work);
    assert.deepEqual(told(work), [
      ' NAME_INVALID',
      ' NAME_INVALID',
      ' NAME_INVALID',
      'a NOT_REGULAR',
      'a NOT_REGULAR',
      'abs FORBIDDEN',
      'beside/new NOT_FOUND',
      'fifo NOT_REGULAR',
      'hard NAME_INVALID',
      'hard2 NAME_INVALID',
      'hard3 NOT_FOUND',
      'out FORBIDDEN',
      'up/new NOT_FOUND',
    ]);
    assert.deepEqual(readdirSync(join(at.dir, 'new')).sort(), ['.ferry', 'a', 'beside', 'fine', 'up']);
    assert.equal(readFileSync(join(at.dir, 'new/fine'), 'utf8'), 'good');
    assert.deepEqual([snapshot(join(outside, 'secret')), snapshot(join(at.dir, 'other'))], before);
    // For an account that sees only `part`, a link beside it leads out.
    mkdirSync(join(at.dir, 'part'));
    writeFileSync(join(at.dir, 'part/x.tar'), made([['symlink', 'beside', '../../other']]));
    const narrow = new Work();
    const spec = { archive: path('part/x.tar'), to: path('part/new'), inside: path('part') };
    await unpackTree(at.staging, spec, narrow);
    assert.deepEqual(told(narrow), ['beside FORBIDDEN']);
  });

  test('a later entry takes the place of an earlier one; folders in any order get their facts', async (t) => {
    const at = place(t);
    const archive = made([
      ['file', 'a/b/file', 'first'],
      ['symlink', 'x', 'a'],
      ['file', 'x', 'no link any more'],
      ['file', 'a/b/file', 'second'],
      ['folder', 'a'],
      ['folder', 'a/b'],
    ]);
    writeFileSync(join(at.dir, 'x.tar'), archive);
    await unpackTree(at.staging, { archive: path('x.tar'), to: path('new') }, new Work());
    assert.equal(readFileSync(join(at.dir, 'new/a/b/file'), 'utf8'), 'second');
    assert.ok(lstatSync(join(at.dir, 'new/x')).isFile());
    for (const one of ['a', 'a/b']) {
      const { mode, mtimeMs } = statSync(join(at.dir, 'new', one));
      assert.deepEqual([mode & 0o777, mtimeMs], [0o750, 1_600_000_000_000]);
    }
  });

  test('damaged, cut off, no archive, taken or cancelled: no folder, nothing left', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'taken'));
    const tar = made([['file', 'a', 'x'.repeat(5000)]]);
    const cases: readonly (readonly [bytes: Buffer, code: string, to?: string])[] = [
      [tar.subarray(0, 3000), 'MALFORMED'],
      [Buffer.from('something else entirely'), 'MALFORMED'],
      [Buffer.alloc(0), 'MALFORMED'],
      [gzipSync(tar).subarray(0, 60), 'MALFORMED'],
      [zstdCompressSync(tar).subarray(0, 20), 'MALFORMED'],
      [tar, 'EXISTS', 'taken'],
      [tar, 'NOT_FOUND', 'no/new'],
    ];
    for (const [bytes, code, to = 'new'] of cases) {
      writeFileSync(join(at.dir, 'x.tar'), bytes);
      await assert.rejects(
        unpackTree(at.staging, { archive: path('x.tar'), to: path(to) }, new Work()),
        withCode(code as 'MALFORMED'),
      );
    }
    writeFileSync(join(at.dir, 'x.tar'), tar);
    const controller = new AbortController();
    const work = new Work({ signal: controller.signal });
    let turns = 0;
    work.turn = () => {
      turns += 1;
      if (turns === 3) controller.abort();
      work.check();
      return undefined;
    };
    const unpacking = unpackTree(at.staging, { archive: path('x.tar'), to: path('new') }, work);
    await assert.rejects(unpacking, withCode('CANCELLED'));
    nothingLeft(at, ['taken', 'x.tar']);
    assert.ok(!existsSync(join(at.dir, 'new')));
  });

  test('a file that shrinks while it is archived is told, and the archive stays whole', async (t) => {
    const at = place(t);
    mkdirSync(join(at.dir, 'a'));
    writeFileSync(join(at.dir, 'a/big'), Buffer.alloc(3 * limits.blockBytes, 'q'));
    writeFileSync(join(at.dir, 'a/next'), 'next');
    const work = new Work();
    let sent = 0;
    const parts: Buffer[] = [];
    await archiveTree(at.root, path('a'), work, (bytes) => {
      sent += bytes.length;
      parts.push(Buffer.from(bytes));
      if (sent > limits.blockBytes && sent < 2 * limits.blockBytes) truncateSync(join(at.dir, 'a/big'), 10);
    });
    assert.deepEqual(told(work), ['big SOURCE_CHANGED']);
    writeFileSync(join(at.dir, 'x.tar'), Buffer.concat(parts));
    const listed = spawnSync('tar', ['-tf', join(at.dir, 'x.tar')], { encoding: 'utf8' });
    if (listed.error !== undefined) process.stdout.write('SKIPPED: tar is not installed here\n');
    else assert.deepEqual(listed.stdout.trimEnd().split('\n').sort(), ['a/', 'a/big', 'a/next']);
  });
});
