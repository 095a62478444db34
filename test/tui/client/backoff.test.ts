/** Waits between attempts to connect. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryDelay } from '../../../packages/tui/src/client/backoff.ts';

test('doubles from half a second to half a minute', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((attempt) => retryDelay(attempt, 1)),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
});

test('is spread over the second half of each wait', () => {
  assert.equal(retryDelay(1, 0), 250);
  assert.equal(retryDelay(3, 0.5), 1500);
  assert.equal(retryDelay(9, 0), 15_000);
});
