/** How many requests a connection may make, on a clock that the test moves. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';
import { paidWithOneMore, restMsFor } from '../../packages/protocol/src/session/request-pace.ts';

const eachMs = 1000 / limits.requestsPerSecond;

/** What the last of so many at once has to wait, and what is paid then. */
function burst(paidMs: number, nowMs: number, count: number): { paidMs: number; waitMs: number } {
  for (let i = 0; i < count; i++) paidMs = paidWithOneMore(paidMs, nowMs);
  return { paidMs, waitMs: restMsFor(paidMs, nowMs) };
}

test('a burst is free, what is more waits its share of a second (PROT-21)', () => {
  const at = 5000;
  const first = burst(0, at, limits.requestBurst);
  assert.equal(first.waitMs, 0);
  const more = burst(first.paidMs, at, 10);
  assert.ok(Math.abs(more.waitMs - 10 * eachMs) < 1e-6);
});

test('who keeps to the rate never waits, and rest gives the burst back', () => {
  let nowMs = 5000;
  let { paidMs } = burst(0, nowMs, limits.requestBurst);
  for (let i = 0; i < 10_000; i++) {
    nowMs += eachMs;
    paidMs = paidWithOneMore(paidMs, nowMs);
    assert.ok(restMsFor(paidMs, nowMs) < 1e-6);
  }
  nowMs += limits.requestBurst * eachMs;
  assert.equal(burst(paidMs, nowMs, limits.requestBurst).waitMs, 0);
});
