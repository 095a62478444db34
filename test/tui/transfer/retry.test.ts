/** How long a transfer waits before it tries again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restMs } from '@ferry/tui/transfer/retry';

test('attempts rest longer each time, never less than the server asked for, and not before the second', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 9].map((failures) => restMs(failures, undefined)),
    [0, 400, 800, 1600, 3200, 5000, 5000],
  );
  assert.equal(restMs(1, 700), 700);
  assert.equal(restMs(9, 700), 5000);
});
