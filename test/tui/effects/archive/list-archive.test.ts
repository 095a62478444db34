/** Archives listed without being unpacked: as their own tools list them, within bounds, and damaged ones without harm. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Facts, limits } from '@ferry/protocol';
import { listingText } from '@ferry/tui/effects/archive/archive-entry';
import { type ArchiveBounds, listArchive } from '@ferry/tui/effects/archive/list-archive';
import { TarNames } from '@ferry/tui/effects/archive/tar-names';
import { type ArchiveFormat, archiveFormat } from '@ferry/tui/state/archive-format';
import { withCode } from '../../../support/code.ts';
import { randomFrom, runs, seed } from '../../../support/random.ts';
import { path, scratchFolder } from '../../../support/scratch.ts';
import { file } from '../../support/drive.ts';

const bounds: ArchiveBounds = { mostEntries: 5000, mostBytes: 8e6, mostUnpacked: 1e9 };

type Listed = { names: string[]; rest: string | undefined; read: number; text: string };

async function listed(
  bytes: Uint8Array | { size: number; at: (offset: number, length: number) => Uint8Array },
  format: ArchiveFormat,
  some: Partial<ArchiveBounds> = {},
): Promise<Listed> {
  let read = 0;
  const isBytes = bytes instanceof Uint8Array;
  const size = isBytes ? bytes.length : bytes.size;
  const source = {
    readRange: async (_: unknown, { offset, length }: { offset: number; length: number }) => {
      assert.ok(length <= limits.rangeBytes);
      const end = Math.max(offset, Math.min(size, offset + length));
      const content = isBytes ? bytes.subarray(offset, end) : bytes.at(offset, end - offset);
      read += content.length;
      const facts: Facts = { ...file('f', size), identity: '1' };
      return { facts, content };
    },
  };
  const archive = { source, path: path('f'), format, onProgress: () => {} };
  const listing = await listArchive(archive, { ...bounds, ...some });
  const names = listing.entries.map(
    ({ name, target }) => name + (target === undefined ? '' : ` -> ${target}`),
  );
  return { names, rest: listing.rest, read, text: Buffer.from(listingText(listing)).toString() };
}

/** A folder of things that archives hold in different ways, and what is in it. */
function tree(t: TestContext): string {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'in/sub'), { recursive: true });
  writeFileSync(join(folder, 'in/small.txt'), 'hello', { mode: 0o640 });
  writeFileSync(join(folder, 'in/big.bin'), Buffer.alloc(3_000_000, 'x'));
  writeFileSync(join(folder, `in/sub/${'long-'.repeat(40)}.txt`), 'x');
  writeFileSync(join(folder, 'in/海 🚢.txt'), 'x');
  // Two names that fit, and a path that does not.
  mkdirSync(join(folder, `in/${'d'.repeat(60)}`));
  writeFileSync(join(folder, `in/${'d'.repeat(60)}/${'e'.repeat(60)}.txt`), 'x');
  writeFileSync(join(folder, 'in/empty'), '');
  symlinkSync('small.txt', join(folder, 'in/link'));
  utimesSync(join(folder, 'in/small.txt'), 1_760_000_000, 1_760_000_000);
  return folder;
}

const run = (folder: string, command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
  });
const have = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;
const utf8 = (names: readonly string[]): string[] =>
  names.map((name) => Buffer.from(name, 'latin1').toString());

describe('archives', () => {
  test('are known by their names', () => {
    for (const [name, format] of [
      ['a.zip', 'zip'],
      ['A.JAR', 'zip'],
      ['a.tar', 'tar'],
      ['a.tar.gz', 'tar.gz'],
      ['a.tgz', 'tar.gz'],
      ['a.tar.zst', 'tar.zst'],
      ['a.gz', undefined],
      ['zip', undefined],
    ] as const) {
      assert.equal(archiveFormat(path(name)[0]!), format, name);
    }
  });

  for (const [format, kind] of [
    ['gnu', 'GNU'],
    ['pax', 'pax'],
    ['ustar', 'ustar'],
  ] as const) {
    test(`${kind} tars, plain and packed, as tar lists them`, async (t) => {
      const folder = tree(t);
      // Names beyond 255 bytes are no ustar.
      const what =
        format === 'ustar'
          ? ['in/small.txt', 'in/big.bin', 'in/link', 'in/empty', `in/${'d'.repeat(60)}`]
          : ['in'];
      run(folder, 'tar', `--format=${format}`, '-cf', 'a.tar', ...what);
      const truth = run(folder, 'tar', '--quoting-style=literal', '-tf', 'a.tar').trim().split('\n');
      const bytes = readFileSync(join(folder, 'a.tar'));
      const plain = await listed(bytes, 'tar');
      assert.deepEqual(
        utf8(plain.names).map((name) => name.replace(/ -> .*/, '')),
        truth,
      );
      assert.ok(plain.names.includes('in/link -> small.txt'));
      assert.equal(plain.rest, undefined);
      assert.ok(plain.read < 500_000, `${plain.read} bytes were read of ${bytes.length}`);
      assert.match(plain.text, /rw-r----- {8}5 B {2}2025-10-09 08:53 {2}in\/small\.txt/);
      const packed = await listed(gzipSync(bytes), 'tar.gz');
      assert.deepEqual(packed.names, plain.names);
      assert.equal(packed.rest, undefined);
      if (have('zstd')) {
        run(folder, 'zstd', '-q', 'a.tar');
        const squeezed = await listed(readFileSync(join(folder, 'a.tar.zst')), 'tar.zst');
        assert.deepEqual(squeezed.names, plain.names);
      }
    });
  }

  test('zips as zip lists them, from a few ranges at the end', { skip: !have('zip') }, async (t) => {
    const folder = tree(t);
    run(folder, 'zip', '-qry0', 'a.zip', 'in');
    const bytes = readFileSync(join(folder, 'a.zip'));
    const { names, rest, read, text } = await listed(bytes, 'zip');
    const truth = run(folder, 'unzip', '-Z1', 'a.zip').trim().split('\n');
    assert.deepEqual(utf8(names), truth);
    assert.equal(rest, undefined);
    assert.ok(read < 200_000, `${read} bytes were read of ${bytes.length}`);
    assert.match(text, /rw-r----- {8}5 B {2}2025-10-09 08:53 {2}in\/small\.txt/);
    // Something before it and a comment behind it, as of archives that unpack themselves.
    const within = Buffer.concat([Buffer.alloc(1000, '#'), bytes]);
    assert.deepEqual((await listed(within, 'zip')).names, names);
  });

  test('a huge tar costs a few ranges, also beyond 4 GB', async () => {
    const heads = ['one', 'two'].map((name) => tarHeader(name, 6e9));
    const step = 512 + Math.ceil(6e9 / 512) * 512;
    const size = 2 * step + 1024;
    const at = (offset: number, length: number): Uint8Array => {
      const bytes = Buffer.alloc(length);
      for (const [i, head] of heads.entries()) {
        const from = i * step - offset;
        for (let k = 0; k < 512; k++) if (from + k >= 0 && from + k < length) bytes[from + k] = head[k] ?? 0;
      }
      return bytes;
    };
    const { names, rest, read } = await listed({ size, at }, 'tar');
    assert.deepEqual([names, rest], [['one', 'two'], undefined]);
    assert.ok(read < 200_000, `${read}`);
  });

  test('bounds hold: entries, bytes, and what a few kB unpack to', async () => {
    const many = Buffer.concat([
      ...Array.from({ length: 3000 }, (_, i) => tarHeader(`f${i}`, 0)),
      Buffer.alloc(1024),
    ]);
    assert.deepEqual(
      await listed(many, 'tar', { mostEntries: 100 }).then(({ names, rest }) => [names.length, rest]),
      [100, 'many'],
    );
    const far = await listed(many, 'tar', { mostBytes: 100_000 });
    assert.equal(far.rest, 'far');
    assert.ok(far.read < 200_000);
    // 20 MB of nothing in 20 kB.
    const bomb = gzipSync(Buffer.concat([tarHeader('zeros', 20e6), Buffer.alloc(20e6)]));
    const unpacked = await listed(bomb, 'tar.gz', { mostUnpacked: 1e6 });
    assert.deepEqual([unpacked.names, unpacked.rest], [['zeros'], 'far']);
    const short = await listed(gzipSync(many, { level: 0 }), 'tar.gz', { mostBytes: 200_000 });
    assert.equal(short.rest, 'far');
    assert.ok(short.names.length > 100);
  });

  test('what is no archive is said; what is damaged is listed as far as it goes', async () => {
    const text = Buffer.from('this is a text and no archive\n'.repeat(100));
    for (const format of ['zip', 'tar', 'tar.gz', 'tar.zst'] as const) {
      await assert.rejects(listed(text, format), withCode('INTEGRITY'), format);
    }
    await assert.rejects(listed(Buffer.alloc(0), 'zip'), withCode('INTEGRITY'));
    const wrong = tarHeader('a', 10);
    wrong[0] = 0x62;
    await assert.rejects(listed(wrong, 'tar'), withCode('INTEGRITY'));
    const cut = Buffer.concat([tarHeader('a', 10), Buffer.alloc(512), tarHeader('b', 10).subarray(0, 300)]);
    assert.deepEqual(await listed(cut, 'tar').then(({ names, rest }) => [names, rest]), [['a'], 'damaged']);
    const packed = gzipSync(Buffer.concat([tarHeader('a', 0), tarHeader('b', 0)]));
    assert.equal((await listed(packed.subarray(0, packed.length - 12), 'tar.gz')).rest, 'damaged');
  });

  test(`no bytes make it throw anything else or go on for ever (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const tar = Buffer.concat([
      tarHeader('a/b', 700),
      Buffer.alloc(1024, 'x'),
      tarHeader('././@LongLink', 20, 'L'),
      Buffer.from('a-long-name-of-20-by'.padEnd(512, '\0'), 'latin1'),
      tarHeader('short', 0),
      tarHeader('pax', 40, 'x'),
      Buffer.from('22 path=something else\n18 size=9007199254\n'.padEnd(512, '\0'), 'latin1'),
      tarHeader('c', 5),
      Buffer.alloc(1536),
    ]);
    for (let round = 0; round < runs(500); round++) {
      const bytes = Buffer.from(tar);
      for (let i = random(6); i >= 0; i--) bytes[random(bytes.length)] = random(256);
      const parser = new TarNames();
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + 1 + random(600));
        parser.push(piece);
        at += piece.length;
      }
      assert.ok(parser.entries.length <= bytes.length / 512);
    }
  });

  test('names stay in their line whatever they hold', async () => {
    const bytes = Buffer.concat([tarHeader('a\nb\x1b[2J\xff', 1), Buffer.alloc(2048)]);
    const { text } = await listed(bytes, 'tar');
    assert.match(text, /a\\nb\\e\[2J\\xff\n/);
  });
});

/** A ustar header, sizes beyond its digits in base 256. */
function tarHeader(name: string, size: number, type = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write('0000644\0', 100);
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('14713612340\0', 136);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
