/** Frames of zstd are cut where they end, whatever wrote them and however they come. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { zstdFrames } from '@ferry/protocol/content';
import { withCode } from '../support/code.ts';
import { randomFrom, runs, seed } from '../support/random.ts';

async function framesOf(bytes: Buffer, sizeOf: () => number): Promise<Buffer[]> {
  async function* chunks(): AsyncGenerator<Buffer, void, void> {
    for (let at = 0; at < bytes.length; ) {
      const size = Math.max(1, sizeOf());
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const frames: Buffer[] = [];
  for await (const frame of zstdFrames(chunks())) {
    const parts: Buffer[] = [];
    for await (const part of frame) parts.push(part);
    frames.push(Buffer.concat(parts));
  }
  return frames;
}

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
const contents = [
  Buffer.alloc(0),
  Buffer.from('x'),
  Buffer.alloc(500_000, 'a'),
  randomBytes(300_000),
  Buffer.from('some text '.repeat(30_000)),
];

test(`ours and the real zstd's, one behind the other (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const written = contents.flatMap((content) => {
    const made = [zstdCompressSync(content), zstdCompressSync(content, checksum)];
    const ran = spawnSync('zstd', ['-c', '-'], { input: content });
    return ran.status === 0 ? [...made, ran.stdout] : made;
  });
  const bytes = Buffer.concat(written.flatMap((frame) => [skippable, frame]));
  for (let round = 0; round < runs(5); round++) {
    const frames = await framesOf(bytes, () => random(20_000));
    assert.deepEqual(
      frames.map((frame) => frame.length),
      written.map((frame) => frame.length),
    );
    assert.ok(
      Buffer.concat(frames.map((frame) => zstdDecompressSync(frame))).equals(
        Buffer.concat(written.map((frame) => zstdDecompressSync(frame))),
      ),
    );
  }
});

test('cut off or something else: MALFORMED', async () => {
  const bytes = zstdCompressSync(contents[4] ?? Buffer.alloc(1));
  for (const bad of [
    bytes.subarray(0, -1),
    bytes.subarray(0, 5),
    Buffer.concat([bytes, Buffer.from('more')]),
  ]) {
    await assert.rejects(
      framesOf(bad, () => 1000),
      withCode('MALFORMED'),
    );
  }
});
