import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limits } from '@ferry/protocol';
import {
  blockCount,
  blockLength,
  Chunker,
  ChunkList,
  chunkDigestBytes,
  chunkMinBytes,
  type DeltaPlan,
  planDelta,
} from '@ferry/protocol/content';
import fc from 'fast-check';
import { seededBytes } from '../support/content.ts';
import { runs, seed } from '../support/random.ts';

const MiB = 2 ** 20;

function chunksOf(content: Buffer): ChunkList {
  const list = new ChunkList();
  const chunker = new Chunker((length, digest) => list.push(length, digest));
  chunker.push(content);
  chunker.end();
  return list;
}

/** Follows every recipe with real bytes and checks that the plan says as little as it can. */
function follow(plan: DeltaPlan, old: Buffer, wanted: Buffer): void {
  assert.equal(plan.sizeBytes, wanted.length);
  const rebuilt = Buffer.alloc(wanted.length);
  let at = 0;
  let fetched = 0;
  for (let index = 0; index < blockCount(wanted.length); index++) {
    const blockAt = at;
    let before: { readonly kind: string; readonly end: number } | undefined;
    for (const piece of plan.blockRecipe(index)) {
      assert.ok(piece.length > 0);
      const from = piece.kind === 'copy' ? piece.from : piece.offset;
      const content = piece.kind === 'copy' ? old : wanted;
      assert.ok(from >= 0 && from + piece.length <= content.length, 'a piece lies within its content');
      if (piece.kind === 'bytes') {
        assert.equal(piece.offset, at, 'bytes are fetched from where they belong');
        fetched += piece.length;
      }
      assert.ok(before?.kind !== piece.kind || before.end !== from, 'what can be one piece is one');
      before = { kind: piece.kind, end: from + piece.length };
      content.copy(rebuilt, at, from, from + piece.length);
      at += piece.length;
    }
    assert.equal(at - blockAt, blockLength(wanted.length, index), 'a recipe covers its block');
  }
  assert.ok(rebuilt.equals(wanted), 'the recipes make up the new content');
  assert.equal(plan.fetchBytes, fetched);
  assert.deepEqual(plan.blockRecipe(blockCount(wanted.length)), [], 'there is nothing beyond the end');
}

function planned(old: Buffer, wanted: Buffer): DeltaPlan {
  const plan = planDelta(chunksOf(old), chunksOf(wanted));
  follow(plan, old, wanted);
  return plan;
}

describe('the difference of two versions', () => {
  const nothing = Buffer.alloc(0);
  // Always the same: chance alone keeps one cut in ten thousand apart for a MiB.
  const large = seededBytes(64 * MiB, 1);
  const other = seededBytes(4 * MiB, 2);

  test('of a MiB put in front of 64: fetches at most two', (t) => {
    const { fetchBytes } = planned(large, Buffer.concat([other.subarray(0, MiB), large]));
    t.diagnostic(`fetched: ${(fetchBytes / MiB).toFixed(2)} MiB`);
    assert.ok(fetchBytes >= MiB && fetchBytes <= 2 * MiB);
  });

  test('of a stretch taken out: fetches the chunks at the seam', (t) => {
    const at = 20 * MiB + 12_345;
    const wanted = Buffer.concat([large.subarray(0, at), large.subarray(at + 3 * MiB)]);
    const { fetchBytes } = planned(large, wanted);
    t.diagnostic(`fetched: ${(fetchBytes / 1024).toFixed(0)} KiB`);
    assert.ok(fetchBytes <= MiB);
  });

  test('of two halves that changed places: fetches the chunks at the seam', (t) => {
    const at = 32 * MiB + 777;
    const wanted = Buffer.concat([large.subarray(at), large.subarray(0, at)]);
    const { fetchBytes } = planned(large, wanted);
    t.diagnostic(`fetched: ${(fetchBytes / 1024).toFixed(0)} KiB`);
    assert.ok(fetchBytes <= MiB);
  });

  test('of one changed byte in every 8 MiB: fetches a chunk or two for each', (t) => {
    const wanted = Buffer.from(large);
    for (let at = 4 * MiB; at < wanted.length; at += 8 * MiB) wanted[at] = (wanted[at] ?? 0) ^ 1;
    const { fetchBytes } = planned(large, wanted);
    t.diagnostic(`fetched: ${(fetchBytes / 1024).toFixed(0)} KiB for 8 changes`);
    assert.ok(fetchBytes > 0 && fetchBytes <= 4 * MiB);
  });

  test('of equal versions: fetches nothing and copies each block in one piece', () => {
    const plan = planned(other, Buffer.from(other));
    assert.equal(plan.fetchBytes, 0);
    for (const index of [0, 1, 2, 3]) {
      const piece = { kind: 'copy', from: index * limits.blockBytes, length: limits.blockBytes };
      assert.deepEqual(plan.blockRecipe(index), [piece]);
    }
  });

  test('of equal bytes: copies in long pieces, not one chunk again and again', () => {
    const zeros = Buffer.alloc(4 * MiB);
    const plan = planned(zeros, Buffer.alloc(4 * MiB));
    assert.equal(plan.fetchBytes, 0);
    assert.equal(plan.blockRecipe(3).length, 1);
    assert.equal(
      planned(zeros, Buffer.alloc(9 * MiB + 4096)).fetchBytes,
      4096,
      'what is longer is mostly there',
    );
  });

  test('to an empty file there is none, from an empty one it is all', () => {
    assert.equal(planned(other, nothing).fetchBytes, 0);
    assert.equal(planned(nothing, nothing).fetchBytes, 0);
    const plan = planned(nothing, other);
    assert.equal(plan.fetchBytes, other.length);
    assert.deepEqual(plan.blockRecipe(1), [{ kind: 'bytes', offset: MiB, length: MiB }]);
  });

  test('of versions that share nothing: is all', () => {
    assert.equal(planned(other, seededBytes(2 * MiB + 1, 3)).fetchBytes, 2 * MiB + 1);
  });

  test('needs the length to be equal too, not the digest alone', () => {
    const one = new ChunkList();
    one.push(chunkMinBytes + 1, Buffer.alloc(chunkDigestBytes));
    const two = new ChunkList();
    two.push(chunkMinBytes, Buffer.alloc(chunkDigestBytes));
    assert.equal(planDelta(one, two).fetchBytes, chunkMinBytes);
  });

  test('of lists made to collide: gives up finding some, and never looks long', () => {
    const list = new ChunkList();
    // All belong in the table's last place, so the search goes on at its front.
    const digest = Buffer.alloc(chunkDigestBytes, 0xff);
    const chunks = 200_000;
    for (let i = 0; i < chunks; i++) {
      digest.writeUInt32BE(i, 8);
      list.push(chunkMinBytes, digest);
    }
    const shifted = new ChunkList();
    for (let i = chunks - 1; i >= 0; i--) {
      digest.writeUInt32BE(i, 8);
      shifted.push(chunkMinBytes, digest);
    }
    // Found by their places: 64. The next chunk is looked at first, and going backwards that is never the one.
    const found = shifted.sizeBytes - planDelta(list, shifted).fetchBytes;
    assert.equal(found, 64 * chunkMinBytes);
  });

  test('rebuilds any edit exactly', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const stretch = fc.record({
      length: fc.integer({ min: 0, max: MiB }),
      start: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      random: fc.boolean(),
    });
    const made = fc
      .array(stretch, { maxLength: 4 })
      .map((all) =>
        Buffer.concat(
          all.map(({ length, start, random }) =>
            random ? seededBytes(length, start) : Buffer.alloc(length, start),
          ),
        ),
      );
    const edit = fc.record({
      kind: fc.constantFrom('insert', 'remove', 'change', 'move', 'repeat'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: MiB })),
    });
    let fetched = 0;
    let total = 0;
    fc.assert(
      fc.property(made, fc.array(edit, { maxLength: 5 }), (old, edits) => {
        let wanted = old;
        for (const { kind, at, to, length } of edits) {
          const start = Math.floor(at * wanted.length);
          const part = wanted.subarray(start, start + length);
          const fresh = seededBytes(length, start + 1);
          const front = wanted.subarray(0, start);
          const rest = wanted.subarray(start + part.length);
          const without = Buffer.concat([front, rest]);
          const target = Math.floor(to * without.length);
          if (kind === 'insert') wanted = Buffer.concat([front, fresh, part, rest]);
          if (kind === 'remove') wanted = without;
          if (kind === 'change') wanted = Buffer.concat([front, fresh, rest]);
          if (kind === 'repeat') wanted = Buffer.concat([front, part, part, rest]);
          if (kind === 'move')
            wanted = Buffer.concat([without.subarray(0, target), part, without.subarray(target)]);
        }
        fetched += planned(old, wanted).fetchBytes;
        total += wanted.length;
      }),
      { seed, numRuns: runs(60), endOnFailure: true },
    );
    t.diagnostic(`fetched: ${((100 * fetched) / total).toFixed(0)} % of ${(total / MiB).toFixed(0)} MiB`);
  });
});
