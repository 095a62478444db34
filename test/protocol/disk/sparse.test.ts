/** Files with holes: what is written reads as what was sent, and holes stay holes. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';
import { blockDigest, rootDigest, runsOf } from '@ferry/protocol/content';
import { openRead, Root, Staging } from '@ferry/protocol/disk';
import fc from 'fast-check';
import { writeSparsely } from '../../../packages/protocol/src/disk/write-sparsely.ts';
import { runs, seed } from '../../support/random.ts';
import { path, scratchFolder } from '../../support/scratch.ts';

const KiB = 1024;
const MiB = limits.blockBytes;

/** Zeros and noise in turn. */
const patches = fc.array(fc.record({ isHole: fc.boolean(), bytes: fc.integer({ min: 1, max: 20_000 }) }), {
  minLength: 1,
  maxLength: 12,
});

function contentOf(list: readonly { readonly isHole: boolean; readonly bytes: number }[]): Buffer {
  return Buffer.concat(list.map(({ isHole, bytes }) => (isHole ? Buffer.alloc(bytes) : randomBytes(bytes))));
}

test('runs cover everything once, in turn, and holes are zeros', () => {
  fc.assert(
    fc.property(patches, fc.nat(10_000), (list, offset) => {
      const bytes = contentOf(list);
      let at = 0;
      let wasHole: boolean | undefined;
      for (const { from, to, isHole } of runsOf(bytes, offset)) {
        assert.equal(from, at);
        assert.ok(to > from);
        assert.notEqual(isHole, wasHole);
        if (from > 0) assert.equal((offset + from) % 4096, 0);
        if (isHole) assert.ok(bytes.subarray(from, to).every((byte) => byte === 0));
        at = to;
        wasHole = isHole;
      }
      assert.equal(at, bytes.length);
    }),
    { seed, numRuns: runs(200) },
  );
});

test('whatever was there, the file then reads as what was written', (t) => {
  const file = join(scratchFolder(t), 'f');
  fc.assert(
    fc.property(patches, patches, fc.nat(9000), (before, after, offset) => {
      const old = contentOf(before);
      const fresh = contentOf(after);
      writeFileSync(file, old);
      const fd = openSync(file, 'r+');
      try {
        const size = Math.max(old.length, offset + fresh.length);
        ftruncateSync(fd, size);
        const wanted = Buffer.alloc(size);
        old.copy(wanted);
        fresh.copy(wanted, offset);
        writeSparsely(fd, fresh, offset);
        assert.ok(readFileSync(file).equals(wanted));
      } finally {
        closeSync(fd);
      }
    }),
    { seed, numRuns: runs(50) },
  );
});

/** 64 MiB with 100 KiB of noise at three places. */
function writeHoley(file: string): void {
  const fd = openSync(file, 'w');
  ftruncateSync(fd, 64 * MiB);
  for (const at of [0, 20 * MiB + 8 * KiB, 40 * MiB - 50 * KiB])
    writeSync(fd, randomBytes(100 * KiB), 0, 100 * KiB, at);
  closeSync(fd);
}

for (const sparse of [true, false]) {
  test(`a file whose source ${sparse ? 'has holes keeps them' : 'has none gets none'}, in blocks and in slices`, async (t) => {
    const folder = scratchFolder(t);
    const root = Root.open(folder);
    t.after(() => root.close());
    writeHoley(join(folder, 'source'));
    const source = openRead(root, path('source'));
    t.after(() => source.close());
    assert.equal(source.facts.sparse, true);
    const staged = new Staging(root).create({
      transferId: '0'.repeat(32),
      target: path('copy'),
      size: source.facts.size,
      modified: source.facts.modified,
      mode: 0o644,
      existing: 'fail',
      sparse,
    });
    const block = Buffer.alloc(MiB);
    const digests: Uint8Array[] = [];
    for (let index = 0; index < 64; index++) {
      source.read(index, block);
      const digest = blockDigest(block);
      digests.push(digest);
      if (index % 3 === 0) {
        for (let at = 0; at < MiB; at += 30_000)
          staged.writeSlice(index, at, block.subarray(at, at + 30_000));
        staged.settle(index, digest);
      } else if (index % 3 === 1) await staged.writeBeside(index, block, digest);
      else staged.write(index, block, digest);
    }
    const { facts } = staged.commit(rootDigest(64 * MiB, digests));
    assert.equal(facts.sparse, sparse);
    const used = statSync(join(folder, 'copy')).blocks * 512;
    if (sparse) assert.ok(used >= 300 * KiB && used < 400 * KiB, `${used} bytes are used`);
    else assert.ok(used >= 64 * MiB, `${used} bytes are used`);
    assert.ok(readFileSync(join(folder, 'copy')).equals(readFileSync(join(folder, 'source'))));
  });
}
