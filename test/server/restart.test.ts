/** When a dead worker is replaced: by value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crashMemoryMs, restartAfter } from '../../packages/server/src/supervisor/restart.ts';

describe('restartAfter', () => {
  it('waits longer after each crash in a row, up to ten seconds, then gives up', () => {
    const waits = Array.from({ length: 10 }, (_, i) => {
      const crashes = Array.from({ length: i + 1 }, (_, crash) => crash);
      const restart = restartAfter(crashes, i);
      return restart.kind === 'wait' ? restart.ms : restart.kind;
    });
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 'give-up']);
  });

  it('forgets crashes of long ago', () => {
    const crashes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100_000];
    assert.deepEqual(restartAfter(crashes, 100_000), { kind: 'wait', ms: 100 });
    assert.deepEqual(restartAfter([0, crashMemoryMs], crashMemoryMs), { kind: 'wait', ms: 100 });
  });
});
