import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  blockDigest,
  Chunker,
  ChunkList,
  chunkAverageBytes,
  chunkDigestBytes,
  chunkMaxBytes,
  chunkMinBytes,
} from '@ferry/protocol/content';
import fc from 'fast-check';
import { seededBytes } from '../support/content.ts';
import { runs, seed } from '../support/random.ts';

const gear = Array.from({ length: 256 }, (_, i) =>
  Buffer.from(blockDigest(Buffer.concat([Buffer.from('ferry gear'), Buffer.from([i])]))).readUInt32BE(0),
);
const roll = (hash: number, byte: number): number => (hash * 2 + (gear[byte] ?? 0)) % 2 ** 32;

/** The chunks' lengths by the rule as it is written, byte for byte and with nothing skipped. */
function lengthsByTheRule(content: Buffer): readonly number[] {
  const lengths: number[] = [];
  let hash = 0;
  let n = 0;
  for (const byte of content) {
    hash = roll(hash, byte);
    n += 1;
    const zeroBits = n < chunkAverageBytes ? 18 : 14;
    if (n === chunkMaxBytes || (n >= chunkMinBytes && hash < 2 ** (32 - zeroBits))) {
      lengths.push(n);
      hash = 0;
      n = 0;
    }
  }
  return n > 0 ? [...lengths, n] : lengths;
}

/** Stretches of 32 bytes after which the upper bits of the hash are zero: at least `from` of them, fewer than `below`. */
function windows(from: number, below: number): readonly Buffer[] {
  const bytes = seededBytes(2 ** 22, 3);
  const found: Buffer[] = [];
  let hash = 0;
  for (const [i, byte] of bytes.entries()) {
    hash = roll(hash, byte);
    const zeroBits = Math.clz32(hash);
    if (i >= 31 && zeroBits >= from && zeroBits < below) found.push(bytes.subarray(i - 31, i + 1));
  }
  return found.slice(0, 12);
}

type Row = { readonly length: number; readonly digest: string };

/** The chunks of a content that arrives in pieces of these lengths, over and over; each piece is overwritten after its push. */
function chunksOf(content: Buffer, pieces: readonly number[] = [content.length]): Row[] {
  const rows: Row[] = [];
  const chunker = new Chunker((length, digest) =>
    rows.push({ length, digest: Buffer.from(digest).toString('hex') }),
  );
  for (let at = 0, i = 0; at < content.length; i++) {
    const length = pieces[i % pieces.length] ?? 1;
    const piece = Buffer.from(content.subarray(at, at + length));
    chunker.push(piece);
    piece.fill(0xaa);
    at += length;
  }
  chunker.end();
  return rows;
}

const digestOf = (bytes: Buffer): string =>
  Buffer.from(blockDigest(bytes)).subarray(0, chunkDigestBytes).toString('hex');

/** Stretches of random, equal and repeating bytes. */
const content = fc
  .array(
    fc.record({
      length: fc.integer({ min: 0, max: 400_000 }),
      start: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      period: fc.constantFrom(1, 2, 64, 5000, Infinity),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((stretches) =>
    Buffer.concat(
      stretches.map(({ length, start, period }) =>
        Buffer.alloc(length, seededBytes(Math.max(1, Math.min(period, length)), start)),
      ),
    ),
  );

describe('chunks of a content', () => {
  test('end where the written rule says, however the content arrives, and carry their digests', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const length = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom(chunkMinBytes - 1, chunkMinBytes, chunkAverageBytes - 1, chunkMaxBytes),
    );
    fc.assert(
      fc.property(content, fc.array(length, { minLength: 1, maxLength: 10 }), (bytes, pieces) => {
        let at = 0;
        const expected = lengthsByTheRule(bytes).map((one) => {
          at += one;
          return { length: one, digest: digestOf(bytes.subarray(at - one, at)) };
        });
        assert.deepEqual(chunksOf(bytes, pieces), expected);
      }),
      // To shrink contents takes minutes and shows no more than the seed does.
      { seed, numRuns: runs(30), endOnFailure: true },
    );
  });

  test('end at the first and last byte that each condition is for', () => {
    const hard = windows(18, 33);
    const easy = windows(14, 18);
    assert.ok(hard.length >= 8 && easy.length >= 8);
    const endsAt = (n: number, window: Buffer): boolean => {
      const bytes = Buffer.concat([Buffer.alloc(n - 32), window, Buffer.alloc(chunkMaxBytes)]);
      const lengths = chunksOf(bytes).map((row) => row.length);
      assert.deepEqual(lengths, lengthsByTheRule(bytes));
      return lengths[0] === n;
    };
    for (const window of hard) {
      assert.equal(endsAt(chunkMinBytes - 1, window), false);
      assert.equal(endsAt(chunkMinBytes, window), true);
      assert.equal(endsAt(chunkAverageBytes - 1, window), true);
    }
    for (const window of easy) {
      assert.equal(endsAt(chunkMinBytes, window), false);
      assert.equal(endsAt(chunkAverageBytes - 1, window), false);
      assert.equal(endsAt(chunkAverageBytes, window), true);
      assert.equal(endsAt(chunkMaxBytes - 1, window), true);
    }
  });

  test('arriving byte by byte changes nothing', () => {
    const bytes = Buffer.concat([seededBytes(200_000, seed + 1), Buffer.alloc(chunkMaxBytes)]);
    assert.deepEqual(chunksOf(bytes, [1]), chunksOf(bytes));
  });

  test('keep to their bounds, and are about as long as they should be', (t) => {
    const lengths = chunksOf(seededBytes(64 * 2 ** 20, seed + 1), [2 ** 20]).map((row) => row.length);
    for (const one of lengths.slice(0, -1)) assert.ok(one >= chunkMinBytes && one <= chunkMaxBytes);
    const sorted = lengths.toSorted((a, b) => a - b);
    const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length / 1024;
    const at = (part: number): string => ((sorted[Math.floor(part * sorted.length)] ?? 0) / 1024).toFixed(0);
    t.diagnostic(
      `chunks of 64 MiB: ${sorted.length}, mean ${mean.toFixed(1)} KiB, 10 % below ${at(0.1)}, ` +
        `50 % below ${at(0.5)}, 90 % below ${at(0.9)}, longest ${at(1 - 1 / sorted.length)} (seed ${seed})`,
    );
    assert.ok(mean > 48 && mean < 96);
  });

  test('of equal bytes are all of the greatest length', () => {
    const rows = chunksOf(Buffer.alloc(3 * chunkMaxBytes + 5));
    assert.deepEqual(
      rows.map((row) => row.length),
      [chunkMaxBytes, chunkMaxBytes, chunkMaxBytes, 5],
    );
    assert.equal(new Set(rows.map((row) => row.digest)).size, 2);
  });

  test('there are none of no bytes, and one of one', () => {
    assert.deepEqual(chunksOf(Buffer.alloc(0)), []);
    assert.deepEqual(chunksOf(Buffer.from('x')), [{ length: 1, digest: digestOf(Buffer.from('x')) }]);
  });

  test('a chunker that came to an end starts anew', () => {
    const rows: number[] = [];
    const chunker = new Chunker((length) => rows.push(length));
    const bytes = seededBytes(300_000, 7);
    for (const _ of [1, 2]) {
      chunker.push(bytes.subarray(0, 100_000));
      chunker.push(bytes.subarray(100_000));
      chunker.end();
    }
    const once = rows.slice(0, rows.length / 2);
    assert.deepEqual(rows, [...once, ...once]);
    assert.deepEqual(once, lengthsByTheRule(bytes));
  });

  test('are those of the vector for ever', () => {
    const file = new URL('../vectors/chunks/seeded.json', import.meta.url);
    const vector = JSON.parse(readFileSync(file, 'utf8')) as { rows: string[] };
    const list = new ChunkList();
    const chunker = new Chunker((length, digest) => list.push(length, digest));
    chunker.push(seededBytes(2 ** 20, 1));
    chunker.push(Buffer.alloc(300 * 1024));
    chunker.push(seededBytes(100_000, 2));
    chunker.end();
    assert.deepEqual(list.rows.toString('hex').match(/.{38}/g), vector.rows);
  });
});
