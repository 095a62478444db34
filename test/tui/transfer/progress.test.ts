/** Rates from samples. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSample, type RateSample, rateOf } from '../../../packages/tui/src/transfer/progress.ts';

function samples(...pairs: readonly (readonly [ms: number, bytes: number])[]): readonly RateSample[] {
  return pairs.reduce<readonly RateSample[]>((all, [ms, bytes]) => addSample(all, { ms, bytes }), []);
}

test('too little to say anything is 0', () => {
  assert.equal(rateOf([]), 0);
  assert.equal(rateOf(samples([1000, 5])), 0);
  assert.equal(rateOf(samples([1000, 5], [1099, 5000])), 0);
});

test('bytes per second between the first and the last sample', () => {
  assert.equal(rateOf(samples([1000, 0], [1500, 1], [2000, 700])), 700);
  assert.equal(rateOf(samples([0, 100], [500, 200])), 200);
});

test('samples older than three seconds are forgotten', () => {
  const all = samples([0, 0], [1000, 1e9], [3999, 1e9], [4000, 1e9]);
  assert.deepEqual(
    all.map(({ ms }) => ms),
    [1000, 3999, 4000],
  );
  assert.equal(rateOf(all), 0);
});

test('after a long gap only the new sample is left', () => {
  assert.deepEqual(samples([0, 5], [10_000, 6]), [{ ms: 10_000, bytes: 6 }]);
});

test('a counter that fell is no negative rate', () => {
  assert.equal(rateOf(samples([0, 1000], [1000, 0])), 0);
});
