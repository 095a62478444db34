import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import {
  ChunkList,
  chunkDigestBytes,
  chunkMaxBytes,
  chunkMinBytes,
  chunkRowBytes,
  packChunks,
  unpackChunks,
} from '@ferry/protocol/content';
import fc from 'fast-check';
import { runs, seed } from '../support/random.ts';

function listOf(lengths: readonly number[]): ChunkList {
  const list = new ChunkList();
  lengths.forEach((length, i) => {
    list.push(length, Buffer.alloc(chunkDigestBytes, i));
  });
  return list;
}

const row = (length: number): Buffer => {
  const bytes = Buffer.alloc(chunkRowBytes, 0xdd);
  bytes.writeUIntBE(length, 0, 3);
  return bytes;
};

function refused(name: string, run: Buffer, sumBytes: number, list = new ChunkList()): void {
  const before = Buffer.from(list.rows);
  const malformed = (error: unknown): boolean => error instanceof FerryError && error.code === Code.MALFORMED;
  assert.throws(() => unpackChunks(run, sumBytes, list), malformed, name);
  assert.deepEqual(list.rows, before, `${name}: the list is as it was`);
}

describe('a list of chunks', () => {
  test('is the same after it went over the wire in runs of any length', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const lengths = fc.array(fc.integer({ min: chunkMinBytes, max: chunkMaxBytes }), { maxLength: 300 });
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 0, max: chunkMaxBytes }),
        fc.integer({ min: 1, max: 100 }),
        (whole, last, run) => {
          const all = last > 0 ? [...whole, last] : whole;
          const sent = listOf(all);
          const got = new ChunkList();
          for (let from = 0; from < sent.count; from += run) {
            const to = Math.min(from + run, sent.count);
            const sum = all.slice(from, to).reduce((a, b) => a + b, 0);
            unpackChunks(packChunks(sent, from, to), sum, got);
          }
          assert.deepEqual(got.rows, sent.rows);
          assert.equal(got.count, all.length);
          assert.equal(
            got.sizeBytes,
            all.reduce((a, b) => a + b, 0),
          );
          all.forEach((length, i) => {
            assert.equal(got.lengthAt(i), length);
          });
        },
      ),
      { seed, numRuns: runs(200) },
    );
  });

  test('has 19 bytes for each: the length, big endian, then the digest', () => {
    const list = new ChunkList();
    list.push(0x012345, Buffer.from('00112233445566778899aabbccddeeff', 'hex'));
    assert.equal(packChunks(list, 0, 1).toString('hex'), '01234500112233445566778899aabbccddeeff');
  });

  test('refuses what no honest peer sends, and keeps what it had', () => {
    const fine = chunkMinBytes;
    refused('most of a row', row(fine).subarray(0, 18), fine);
    refused('a row and a half', Buffer.concat([row(fine), row(fine).subarray(9)]), 2 * fine);
    refused('a chunk of no bytes', row(0), 0);
    refused('a chunk too long', row(chunkMaxBytes + 1), chunkMaxBytes + 1);
    refused('a sum too small', row(fine), fine + 1);
    refused('a sum too large', row(fine), fine - 1);
    refused('a short chunk in the middle', Buffer.concat([row(fine - 1), row(fine)]), 2 * fine - 1);
    refused('a chunk after the last', row(fine), fine, listOf([fine, 1]));
    refused('a wrong second row', Buffer.concat([row(fine), row(0)]), fine, listOf([fine]));
  });

  test('takes at most 1.2 MiB for each GiB, whatever a peer claims', () => {
    const list = new ChunkList();
    const run = Buffer.concat(Array.from({ length: 1000 }, () => row(chunkMinBytes)));
    for (let i = 0; i < 60; i++) unpackChunks(run, 1000 * chunkMinBytes, list);
    assert.ok(list.rows.length / 2 ** 20 <= (1.2 * list.sizeBytes) / 2 ** 30);
    refused('smaller chunks', Buffer.concat([row(1), row(1)]), 2, list);
  });

  test('a chunk that no Chunker makes is a mistake of ours', () => {
    const digest = Buffer.alloc(chunkDigestBytes);
    assert.throws(() => new ChunkList().push(0, digest), RangeError);
    assert.throws(() => new ChunkList().push(chunkMaxBytes + 1, digest), RangeError);
    assert.throws(() => new ChunkList().push(chunkMinBytes, Buffer.alloc(32)), RangeError);
    assert.throws(() => listOf([1]).push(chunkMinBytes, digest), RangeError);
  });
});
