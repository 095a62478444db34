/** The end of a file over lanes of all speeds, simulated: who takes the last blocks, that somebody does, and what it gains. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';
import { FinishTogether, type Part } from '@ferry/tui/transfer/finish-together';
import { lateAt, OwedBlocks } from '../../../packages/tui/src/transfer/owed-blocks.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';

const block = limits.blockBytes;
const rttMs = 100;

type SimLane = Part & { readonly speed: number; blocks: number; freeMs: number };

/** Milliseconds until so many blocks have arrived over lanes of these speeds, in bytes per second. */
function lasts(speeds: readonly number[], blocks: number, mayTake: (lane: SimLane, left: number) => boolean) {
  const lanes = speeds.map((speed): SimLane => {
    const lane = { speed, blocks: 0, freeMs: 0, out: () => lane.blocks, rate: () => speed };
    return lane;
  });
  const arrivals: { readonly ms: number; readonly lane: SimLane }[] = [];
  let left = blocks;
  const window = ({ speed }: SimLane): number => Math.max(2, Math.ceil((speed * 0.2) / block) + 1);
  const fill = (nowMs: number): void => {
    for (let took = true; took; ) {
      took = false;
      for (const lane of lanes) {
        if (left === 0 || lane.blocks >= window(lane) || !mayTake(lane, left)) continue;
        took = true;
        left -= 1;
        lane.blocks += 1;
        lane.freeMs = Math.max(lane.freeMs, nowMs) + (block / lane.speed) * 1000;
        arrivals.push({ ms: lane.freeMs + rttMs, lane });
      }
    }
  };
  let endMs = 0;
  for (fill(0); arrivals.length > 0; fill(endMs)) {
    arrivals.sort((a, b) => a.ms - b.ms);
    const { ms, lane } = arrivals.shift() ?? assert.fail();
    lane.blocks -= 1;
    endMs = ms;
  }
  assert.equal(left, 0, 'somebody takes each block');
  return endMs;
}

function together(speeds: readonly number[], blocks: number): number {
  const finish = new FinishTogether();
  const known = new Set<SimLane>();
  return lasts(speeds, blocks, (lane, left) => {
    if (!known.has(lane)) finish.enter(lane);
    known.add(lane);
    return finish.mayTake(lane, left);
  });
}

test('a slow lane leaves the last blocks to faster ones; every block is taken, and half of the wait at the end is saved', (t) => {
  const random = randomFrom(seed);
  let [plainMs, savedMs] = [0, 0];
  const rounds = runs(200);
  for (let i = 0; i < rounds; i++) {
    const speeds = Array.from({ length: 1 + random(16) }, () => 2e5 * 1.5 ** random(12));
    const blocks = 60 + random(200);
    const plain = lasts(speeds, blocks, () => true);
    const ours = together(speeds, blocks);
    const sum = speeds.reduce((all, speed) => all + speed, 0);
    const bestMs = (blocks * block * 1000) / sum + rttMs;
    assert.ok(ours <= plain + 1, `${ours} ms and not ${plain} (seed ${seed})`);
    plainMs += plain - bestMs;
    savedMs += plain - ours;
  }
  assert.ok(savedMs > 0.5 * plainMs, `${savedMs} of ${plainMs} ms (seed ${seed})`);
  t.diagnostic(`count: ${rounds} files, ${Math.round((100 * savedMs) / plainMs)} % saved (seed ${seed})`);
});

test('a lane of which nothing is known takes what there is, as does one that is alone', () => {
  const finish = new FinishTogether();
  const fast: Part = { out: () => 0, rate: () => 1e7 };
  const slow: Part = { out: () => 1, rate: () => 1e5 };
  const fresh: Part = { out: () => 1, rate: () => undefined };
  const leaves = [fast, slow, fresh].map((part) => finish.enter(part));
  assert.deepEqual(
    [fast, slow, fresh].map((part) => finish.mayTake(part, 3)),
    [true, false, true],
  );
  assert.ok(finish.mayTake(slow, 10_000), 'long before the end everybody takes');
  leaves[0]?.();
  leaves[2]?.();
  assert.ok(finish.mayTake(slow, 3));
});

test('a block that is owed for too long is sent by one other lane, counts once, and is begun again only when nobody has it', () => {
  const owed = new OwedBlocks();
  const [slow, other] = [{}, {}];
  owed.taken(7, slow);
  assert.equal(owed.lateBlock(1e9), undefined, 'it waits for its limits, not for the server');
  owed.sent(7, lateAt(0, 1000));
  assert.deepEqual([owed.lateBlock(2999), owed.lateBlock(3000)], [undefined, 7]);
  owed.taken(7, other);
  owed.sent(7, lateAt(3000));
  assert.equal(owed.lateBlock(1e9), undefined, 'never by a third');
  assert.equal(owed.failed(7, slow), false, 'the other has it');
  assert.equal(owed.lateBlock(10_000), 7);
  assert.equal(owed.failed(7, other), true);
  assert.equal(owed.failed(7, other), false);
  assert.equal(owed.isWaiting, false);
  owed.taken(7, other);
  assert.deepEqual([owed.arrived(7), owed.arrived(7), owed.there], [true, false, 1]);
  assert.equal(owed.failed(7, other), false, 'it is there');
});
