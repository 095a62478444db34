/** Which lane fetches which blocks of a download. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockClaims } from '@ferry/tui/transfer/block-claims';
import { randomFrom, runs, seed } from '../../support/random.ts';

test('downloads: each lane has its blocks in order, in runs that begin at multiples of their length', () => {
  const claims = new BlockClaims();
  claims.begin(40);
  claims.skip(4);
  const [one, other] = [{}, {}];
  assert.deepEqual(claims.claim(4, one), [4, 5, 6, 7]);
  assert.deepEqual(claims.claim(2, other), [16, 17]);
  assert.deepEqual(claims.claim(16, one), [8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(claims.claim(1, one), [32]);
  assert.equal(claims.free, 7 + 14);
  // Nothing is fresh any more: the half of who has most.
  assert.deepEqual(claims.claim(16, {}), [25, 26, 27, 28, 29, 30, 31]);
  assert.deepEqual(claims.claim(16, other), [18, 19, 20, 21, 22, 23, 24]);
});

test(`downloads: every block is claimed once, whoever comes and goes (seed ${seed})`, () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(50); round++) {
    const claims = new BlockClaims();
    const blocks = random(100);
    claims.begin(blocks);
    const had = new Set(Array.from({ length: blocks }, (_, i) => i).filter(() => random(4) === 0));
    claims.had = had;
    const lanes = Array.from({ length: 1 + random(6) }, () => ({}));
    const claimed: number[] = [];
    while (claims.hasWork(0)) {
      const range = claims.claim(1 + random(5), lanes[random(lanes.length)] ?? {});
      assert.ok(range !== undefined && range.length > 0);
      claimed.push(...range);
    }
    assert.equal(claims.free, 0);
    const wanted = Array.from({ length: blocks }, (_, i) => i).filter((i) => !had.has(i));
    assert.deepEqual(
      claimed.toSorted((a, b) => a - b),
      wanted,
    );
  }
});
