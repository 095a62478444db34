/** Searching a file by ranges: the same places as in the whole of it, few ranges at once, and an end when it is not wanted. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Facts, FerryError, limits } from '@ferry/protocol';
import { findLine, findText, type Searched } from '@ferry/tui/effects/search-file';
import type { FileSource } from '@ferry/tui/engine/source';
import { bytePattern } from '@ferry/tui/state/byte-pattern';
import { withCode } from '../../support/code.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { path } from '../../support/scratch.ts';
import { file } from '../support/drive.ts';

/** A file in memory that counts what is asked of it at once. */
class Source implements Pick<FileSource, 'readRange'> {
  readonly #bytes: Uint8Array;
  asked = 0;
  most = 0;
  cancelled = 0;
  #now = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  readRange: FileSource['readRange'] = async (_path, { offset, length }, { signal } = {}) => {
    this.asked += 1;
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    await new Promise((done) => setImmediate(done));
    this.#now -= 1;
    if (signal?.aborted === true) {
      this.cancelled += 1;
      throw new FerryError(Code.CANCELLED, 'cancelled');
    }
    const facts: Facts = { ...file('f', this.#bytes.length), identity: '1' };
    return { facts, content: this.#bytes.subarray(offset, offset + length) };
  };
}

function searched(bytes: Uint8Array): Searched & { source: Source; places: number[] } {
  const places: number[] = [];
  return { source: new Source(bytes), path: path('f'), onProgress: (at) => places.push(at), places };
}

describe('a search through a file', () => {
  test(`finds what is there, over the edges of ranges too (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    for (let round = 0; round < runs(20); round++) {
      const bytes = Buffer.alloc(1 + random(4 * limits.rangeBytes), '.');
      for (let i = random(12); i > 0; i--) bytes.write('NEEDLE', random(bytes.length));
      const pattern = bytePattern(random(2) === 0 ? 'needle' : 'NEEDLE');
      const from = random(bytes.length + 1);
      const forward = bytes.indexOf('NEEDLE', from);
      const backward = from === 0 ? -1 : bytes.lastIndexOf('NEEDLE', from - 1);
      assert.equal((await findText(searched(bytes), { pattern, from, by: 1 })) ?? -1, forward);
      assert.equal((await findText(searched(bytes), { pattern, from, by: -1 })) ?? -1, backward);
    }
  });

  test('finds what lies across the edge of two ranges, both ways', async () => {
    for (const at of [
      limits.rangeBytes - 3,
      limits.rangeBytes - 5,
      limits.rangeBytes,
      2 * limits.rangeBytes - 9,
    ]) {
      const bytes = Buffer.alloc(3 * limits.rangeBytes, '.');
      bytes.write('NEEDLE', at);
      const pattern = bytePattern('NEEDLE');
      assert.equal(await findText(searched(bytes), { pattern, from: 0, by: 1 }), at);
      assert.equal(await findText(searched(bytes), { pattern, from: bytes.length, by: -1 }), at);
      const near = bytes.subarray(0, at + limits.rangeBytes + 2);
      assert.equal(await findText(searched(near), { pattern, from: near.length, by: -1 }), at);
    }
  });

  test('asks for few ranges at once, tells how far it is, and reads no more when it has found', async () => {
    const bytes = Buffer.alloc(100 * limits.rangeBytes);
    bytes.write('x', 20 * limits.rangeBytes);
    const one = searched(bytes);
    await findText(one, { pattern: bytePattern('x'), from: 0, by: 1 });
    assert.ok(one.source.most <= 6 && one.source.asked <= 28, `${one.source.most}, ${one.source.asked}`);
    assert.equal(one.places.at(-1), 20 * limits.rangeBytes);
    await new Promise((done) => setImmediate(done));
    assert.ok(one.source.cancelled > 0, 'what was asked for ahead goes on');
  });

  test('ends when it is cancelled', async () => {
    const one = searched(Buffer.alloc(1000 * limits.rangeBytes));
    const controller = new AbortController();
    const search = findText(
      { ...one, onProgress: () => controller.abort() },
      { pattern: bytePattern('x'), from: 0, by: 1 },
      { signal: controller.signal },
    );
    await assert.rejects(search, withCode('CANCELLED'));
    assert.ok(one.source.asked < 20, `${one.source.asked}`);
  });

  test('counts lines as an editor does', async () => {
    const text = Buffer.from(`${'x\n'.repeat(50_000)}last`);
    for (const [line, at] of [
      [1, 0],
      [2, 2],
      [30_000, 59_998],
      [50_001, 100_000],
      [50_002, undefined],
    ] as const) {
      assert.equal(await findLine(searched(text), line), at);
    }
    assert.equal(await findLine(searched(Buffer.from('a\n')), 2), undefined);
  });
});
