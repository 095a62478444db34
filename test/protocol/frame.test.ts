import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import { encodeFrame, FrameDecoder, frameHeaderBytes } from '@ferry/protocol/wire';
import fc from 'fast-check';
import { runs, seed } from '../support/random.ts';

type Seen = { kind: number; id: number; body: string };

function decodeAll(chunks: readonly Buffer[], gather = false): Seen[] {
  const seen: { kind: number; id: number; body: Buffer }[] = [];
  const decoder = new FrameDecoder({
    bodyLimit: () => 70_000,
    ...(gather
      ? { allocate: (_kind: number, bytes: number) => ({ buffer: Buffer.alloc(bytes + 9), at: 9 }) }
      : {}),
    onFrame: (kind, id, body, isOwn) => seen.push({ kind, id, body: isOwn ? body : Buffer.from(body) }),
  });
  for (const chunk of chunks) {
    // What arrives next lies in the same place.
    const arrived = Buffer.from(chunk);
    decoder.push(arrived);
    arrived.fill(0xee);
  }
  assert.equal(decoder.inside, false);
  return seen.map(({ kind, id, body }) => ({ kind, id, body: body.toString('hex') }));
}

const frames = fc.array(
  fc.record({ kind: fc.nat(255), id: fc.nat(2 ** 32 - 1), body: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 12 },
);

describe('frames', () => {
  test('any split of any frame stream decodes the same', (t) => {
    t.diagnostic(`seed: ${seed}`);
    fc.assert(
      fc.property(frames, fc.array(fc.nat(400)), fc.boolean(), (list, cuts, gather) => {
        const stream = Buffer.concat(list.map(({ kind, id, body }) => encodeFrame(kind, id, body)));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(stream.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(stream.subarray(Math.min(at, stream.length)));
        const want = list.map(({ kind, id, body }) => ({
          kind,
          id,
          body: Buffer.from(body).toString('hex'),
        }));
        assert.deepEqual(decodeAll(chunks, gather), want);
      }),
      { seed, numRuns: runs(300) },
    );
  });

  test('a stream that comes one byte at a time decodes the same', () => {
    const stream = Buffer.concat([encodeFrame(1, 7, randomBytes(100)), encodeFrame(2, 8, Buffer.alloc(0))]);
    const single = [...stream].map((byte) => Buffer.from([byte]));
    assert.deepEqual(decodeAll(single), decodeAll([stream]));
  });

  test('a frame over its limit is refused on its header, before anything is allocated (PROT-01)', () => {
    let asked = 0;
    const decoder = new FrameDecoder({
      bodyLimit: () => 1000,
      allocate: () => {
        asked += 1;
        return undefined;
      },
      onFrame: () => assert.fail('no frame'),
    });
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(0xffffffff, 0);
    assert.throws(
      () => decoder.push(header),
      (error) => error instanceof FerryError && error.code === Code.FRAME_TOO_LARGE,
    );
    assert.equal(asked, 0);
  });

  test('a length below the header is malformed', () => {
    const decoder = new FrameDecoder({ bodyLimit: () => 1000, onFrame: () => assert.fail('no frame') });
    assert.throws(
      () => decoder.push(Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0])),
      (error) => error instanceof FerryError && error.code === Code.MALFORMED,
    );
  });

  test('what is not wanted now is left where it was, and comes whole when it is wanted', () => {
    const stream = Buffer.concat([encodeFrame(1, 7, Buffer.from('a')), encodeFrame(2, 8, Buffer.from('bc'))]);
    const seen: string[] = [];
    let open = false;
    const decoder = new FrameDecoder({
      bodyLimit: () => 10,
      mayBegin: (kind) => kind === 1 || open,
      onFrame: (kind, _id, body) => seen.push(`${kind}${body.toString()}`),
    });
    const taken = decoder.push(stream);
    assert.deepEqual(seen, ['1a']);
    assert.equal(decoder.inside, true);
    open = true;
    assert.equal(decoder.push(stream.subarray(taken)), stream.length - taken);
    assert.deepEqual(seen, ['1a', '2bc']);
  });
});
