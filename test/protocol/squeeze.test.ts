/** Blocks that travel compressed: what arrives is what was sent, and what does not shrink is left alone. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { Code, type FerryError, limits } from '@ferry/protocol';
import {
  type BlockHeader,
  BlockPool,
  blockContentAt,
  blockDigest,
  blockFlagsAt,
  blockHeaderBytes,
  isZero,
  readBlockHeader,
  SqueezePolicy,
  squeeze,
  unsqueeze,
  writeBlockHeader,
} from '@ferry/protocol/content';
import { memoryLinks } from '@ferry/protocol/link';
import { frameHeaderBytes, Kind, writeFrameHeader } from '@ferry/protocol/wire';
import { FrameLink } from '../../packages/protocol/src/session/frame-link.ts';
import { withCode } from '../support/code.ts';

const text = Buffer.from('the ferry goes to and fro '.repeat(50_000)).subarray(0, limits.blockBytes);

describe('compressed blocks', () => {
  test('come back as they were; noise is not packed at all', () => {
    const packed = squeeze(text);
    assert.ok(packed !== undefined && packed.length < text.length / 10);
    assert.ok(unsqueeze(packed, text.length).equals(text));
    assert.equal(squeeze(randomBytes(limits.blockBytes)), undefined);
  });

  test('that are none, or of another length, or bombs, are MALFORMED (PROT-05, PROT-30)', () => {
    const packed = squeeze(text) ?? Buffer.alloc(0);
    for (const [bytes, length] of [
      [randomBytes(100), 100],
      [packed, text.length - 1],
      [packed, text.length + 1],
      [packed.subarray(0, -1), text.length],
      [zstdCompressSync(Buffer.alloc(64 * limits.blockBytes)), limits.blockBytes],
    ] as const)
      assert.throws(() => unsqueeze(bytes, length), withCode('MALFORMED'));
  });

  test('are tried only where the line is slow, and more and more rarely where nothing shrinks', () => {
    const policy = new SqueezePolicy();
    assert.equal(policy.wants(), false);
    policy.took(1);
    assert.equal(policy.wants(), false);
    for (let i = 0; i < 10; i++) policy.took(100);
    let tries = 0;
    for (let i = 0; i < 1000; i++) {
      if (!policy.wants()) continue;
      tries += 1;
      policy.tried(false);
    }
    assert.ok(tries >= 3 && tries < 10, `${tries} of 1000 tried`);
    while (!policy.wants());
    policy.tried(true);
    assert.equal(policy.wants(), true);
  });

  test('of nothing but zeros do not travel at all, and those that say so and have content are MALFORMED', async () => {
    const { a, b } = memoryLinks();
    const pool = new BlockPool();
    const opts = {
      pool,
      pings: false,
      controlLimit: () => 1000,
      blocksWelcome: () => true,
      onFrame: () => {},
    };
    const lengths: number[] = [];
    const ended = Promise.withResolvers<FerryError | undefined>();
    new FrameLink(b, {
      ...opts,
      onBlock: (_id, buffer, bodyBytes) => {
        const { length } = readBlockHeader(buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes));
        assert.ok(isZero(buffer.subarray(blockContentAt, blockContentAt + length)));
        lengths.push(length);
        buffer.fill(9, blockContentAt);
        pool.give(buffer);
      },
      onEnd: ended.resolve,
    });
    let wire = 0;
    const send = a.send.bind(a);
    a.send = (bytes, sent) => {
      wire += bytes.length;
      return send(bytes, sent);
    };
    const from = new FrameLink(a, { ...opts, onBlock: () => {}, onEnd: () => {} });
    const header = (length: number): BlockHeader => ({
      handle: 1,
      index: 0,
      length,
      digest: Buffer.alloc(32),
    });
    const buffer = Buffer.alloc(blockContentAt + limits.blockBytes);
    from.sendBlock(1, buffer, header(limits.blockBytes), () => {});
    from.sendBlock(2, Buffer.from(buffer), header(5), () => {});
    assert.equal(wire, 2 * blockContentAt);
    const lie = Buffer.alloc(blockContentAt + 1);
    writeFrameHeader(lie, 0, Kind.block, 3, blockHeaderBytes + 1);
    writeBlockHeader(lie, frameHeaderBytes, header(1));
    lie.writeUInt8(2, frameHeaderBytes + blockFlagsAt);
    a.send(lie);
    assert.equal((await ended.promise)?.code, Code.MALFORMED);
    assert.deepEqual([lengths, pool.out], [[limits.blockBytes, 5], 0]);
  });

  test('go over a slow link in fewer bytes and arrive whole', async () => {
    const { a, b } = memoryLinks({ latencyMs: 10 });
    let wire = 0;
    const send = a.send.bind(a);
    a.send = (bytes, sent) => {
      wire += bytes.length;
      return send(bytes, sent);
    };
    const pool = new BlockPool();
    const arrived: Buffer[] = [];
    const opts = { pool, pings: false, controlLimit: () => 1000, blocksWelcome: () => true };
    const done = Promise.withResolvers<void>();
    new FrameLink(b, {
      ...opts,
      onFrame: () => {},
      onBlock: (_id, buffer, bodyBytes) => {
        const header = readBlockHeader(buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes));
        const content = Buffer.from(buffer.subarray(blockContentAt, blockContentAt + header.length));
        assert.deepEqual(Buffer.from(blockDigest(content)), Buffer.from(header.digest));
        arrived.push(content);
        pool.give(buffer);
        if (arrived.length === 12) done.resolve();
      },
      onEnd: () => {},
    });
    const from = new FrameLink(a, { ...opts, onFrame: () => {}, onBlock: () => {}, onEnd: () => {} });
    const digest = blockDigest(text);
    for (let index = 0; index < 12; index++) {
      const buffer = pool.takeAnyway();
      buffer.set(text, blockContentAt);
      const sent = Promise.withResolvers<void>();
      from.sendBlock(index + 1, buffer, { handle: 1, index, length: text.length, digest }, () => {
        pool.give(buffer);
        sent.resolve();
      });
      await sent.promise;
    }
    await done.promise;
    assert.ok(arrived.every((content) => content.equals(text)));
    assert.ok(wire < 6 * limits.blockBytes, `${wire} bytes for 12 MiB`);
    assert.equal(pool.out, 0);
    from.close();
  });
});
