/** Which job gets the next free place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockRuns } from '../../../packages/tui/src/transfer/block-runs.ts';
import { type Contender, filesInFlight, nextJob } from '../../../packages/tui/src/transfer/schedule.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';

function job(id: number, inFlight: number, ready = true, priority = 3): Contender {
  return { id, priority, inFlight, ready };
}

test('an empty queue starts nothing', () => {
  assert.equal(nextJob([]), undefined);
});

test('the earlier of equals goes first', () => {
  assert.equal(nextJob([job(3, 0), job(1, 0), job(2, 0)]), 3);
});

test('a job with fewer files in flight goes before an earlier one with more', () => {
  assert.equal(nextJob([job(1, 2), job(2, 1), job(3, 1)]), 2);
});

test('a job that is not ready is passed over, and its files count all the same', () => {
  assert.equal(nextJob([job(1, 0, false), job(2, 1)]), 2);
  assert.equal(nextJob([job(1, filesInFlight, false), job(2, 0)]), undefined);
  assert.equal(nextJob([job(1, 0, false)]), undefined);
});

test('a higher priority goes first, however many of its files move already', () => {
  assert.equal(nextJob([job(1, 0, true, 2), job(2, 5, true, 4), job(3, 0, true, 3)]), 2);
  assert.equal(nextJob([job(1, 0, true, 2), job(2, 5, false, 4), job(3, 2, true, 3), job(4, 0)]), 4);
});

test('no more than the places there are', () => {
  assert.equal(nextJob([job(1, 1), job(2, 1)], 3), 1);
  assert.equal(nextJob([job(1, 2), job(2, 1)], 3), undefined);
  assert.equal(nextJob([job(1, 3), job(2, 1)], 3), undefined);
});

test('a large folder and the jobs behind it share the places evenly', () => {
  const inFlight = new Map([1, 2, 3, 4].map((id) => [id, 0]));
  for (;;) {
    const id = nextJob([...inFlight].map(([other, count]) => job(other, count)));
    if (id === undefined) break;
    inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
  }
  assert.deepEqual([...inFlight.values()], [2, 2, 2, 2]);
});

test(`each block of an upload is claimed once, in runs, whichever lanes come and go (seed ${seed})`, () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(50); round++) {
    const blocks = 1 + random(60);
    const length = 1 + random(9);
    const runsOf = new BlockRuns(blocks);
    runsOf.length = length;
    const lanes = [{}, {}, {}];
    const sent: { block: number; lane: object }[] = [];
    while (runsOf.hasWork || sent.length < blocks) {
      const lane = lanes[random(lanes.length)] ?? {};
      if (random(8) === 0) {
        runsOf.leave(lane);
        continue;
      }
      const block = runsOf.claim(lane);
      if (block !== undefined) sent.push({ block, lane });
    }
    assert.deepEqual(
      sent.map(({ block }) => block).toSorted((a, b) => a - b),
      Array.from({ length: blocks }, (_, i) => i),
    );
  }
});

test('a lane takes whole runs, one that leaves gives the rest of its own to the next', () => {
  const runsOf = new BlockRuns(10);
  runsOf.length = 4;
  const [one, other] = [{}, {}];
  assert.deepEqual([runsOf.claim(one), runsOf.claim(other), runsOf.claim(one)], [0, 4, 1]);
  runsOf.leave(one);
  assert.deepEqual(
    [5, 6, 7].map(() => runsOf.claim(other)),
    [5, 6, 7],
  );
  assert.deepEqual(
    [2, 3, 8, 9, undefined].map(() => runsOf.claim(other)),
    [2, 3, 8, 9, undefined],
  );
  assert.equal(runsOf.hasWork, false);
  runsOf.startOver();
  assert.equal(runsOf.claim(one), 0);
});
