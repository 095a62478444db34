/** How many lanes a session comes to have on lines of all kinds, simulated. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterTimeouts,
  firstLanes,
  type LaneState,
  nextLaneCount,
  oneLane,
} from '../../../packages/tui/src/client/lane-count.ts';
import { runs, seed } from '../../support/random.ts';

const MB = 1e6;

type Line = {
  /** Bytes per second of the whole line, and of one lane at most. */
  readonly whole: number;
  readonly lane: number;
  readonly rttMs: number;
  /** What a packet waits in front of the line when it is full. Default 0. */
  readonly queueMs?: number;
};

/** What so many lanes carry. */
function carried(line: Line, lanes: number): number {
  return Math.min(line.whole, lanes * line.lane);
}

type Seen = { readonly ms: number; readonly state: LaneState };

/** Numbers in [-1, 1), always the same for a seed (mulberry32). */
function noise(from: number): () => number {
  let a = from | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

type SimOpts = {
  readonly noisy?: number;
  readonly limited?: (ms: number) => boolean;
  readonly most?: number;
  readonly begin?: LaneState;
  /** Round trips until lanes are at their speed. */
  readonly startTrips?: number;
};

const stepMs = 200;

/** Runs a session over a line; lanes that were just opened come to their speed over some round trips. */
function run(
  lineAt: (ms: number) => Line,
  forMs: number,
  { noisy, limited = () => false, most = 16, begin = oneLane, startTrips = 6 }: SimOpts = {},
): { readonly seen: readonly Seen[]; readonly bytes: number } {
  const random = noisy === undefined ? () => 0 : noise(noisy);
  const seen: Seen[] = [];
  let state = begin;
  let bytes = 0;
  let running = 1;
  for (let ms = 0; ms <= forMs; ms += stepMs) {
    const line = lineAt(ms);
    const limitedByUs = limited(ms);
    running =
      state.lanes < running
        ? state.lanes
        : Math.min(state.lanes, running + (state.lanes * stepMs) / (startTrips * line.rttMs));
    const full = limitedByUs ? Math.min(1000, carried(line, running)) : carried(line, running);
    bytes += (full * (1 + 0.05 * random()) * stepMs) / 1000;
    const rttMs = line.rttMs + (full < line.whole ? 0 : (line.queueMs ?? 0) * (1 + 0.3 * random()));
    const next = nextLaneCount(state, { nowMs: ms, bytes, rttMs, limitedByUs, most });
    if (next.lanes !== state.lanes || ms === 0) seen.push({ ms, state: next });
    state = next;
  }
  seen.push({ ms: forMs, state });
  return { seen, bytes };
}

function settledAt(seen: readonly Seen[]): number {
  return seen.at(-1)!.state.settled;
}

test('it doubles while that gains, and takes back what did not', () => {
  const line: Line = { whole: 50 * MB, lane: 10 * MB, rttMs: 50 };
  const { seen } = run(() => line, 12_000);
  assert.deepEqual(
    seen.map(({ state }) => state.lanes),
    [1, 2, 4, 8, 16, 8, 8],
  );
});

test('near networks keep one lane, whatever they could gain', () => {
  const line: Line = { whole: 1000 * MB, lane: 100 * MB, rttMs: 1.9 };
  const { seen } = run(() => line, 600_000);
  assert.deepEqual(new Set(seen.map(({ state }) => state.lanes)), new Set([1]));
});

test('a line that came near goes back to one lane', () => {
  const far: Line = { whole: 100 * MB, lane: 10 * MB, rttMs: 50 };
  const { seen } = run((ms) => (ms < 30_000 ? far : { ...far, rttMs: 1 }), 31_000);
  assert.ok(seen.some(({ state }) => state.settled === 16));
  assert.equal(seen.at(-1)!.state.lanes, 1);
});

test('attempts that gain nothing become rare', () => {
  const line: Line = { whole: 10 * MB, lane: 10 * MB, rttMs: 20 };
  const { seen, bytes } = run(() => line, 600_000);
  const tries = seen.filter(({ state }) => state.lanes === 2).map(({ ms }) => ms);
  const pauses = tries.slice(1).map((ms, i) => Math.round((ms - tries[i]!) / 10_000));
  assert.deepEqual(pauses, [1, 2, 4, 8, 12, 12, 12]);
  assert.ok(bytes >= 0.999 * 600 * 10 * MB);
});

test('a rate that we hold down ourselves is no reason for anything', () => {
  const line: Line = { whole: 100 * MB, lane: 5 * MB, rttMs: 40 };
  const { seen } = run(() => line, 120_000, { limited: () => true });
  assert.deepEqual(new Set(seen.map(({ state }) => state.lanes)), new Set([1]));
  const often = run(() => line, 120_000, { limited: (ms) => ms % 1000 === 0 });
  assert.equal(settledAt(often.seen), 1);
  // A limit in the middle of an attempt ends it without a verdict.
  const once = run(() => line, 1800, { limited: (ms) => ms === 1800 });
  assert.deepEqual(
    once.seen.map(({ state }) => state.lanes),
    [1, 2, 1, 1],
  );
  assert.equal(once.seen.at(-1)!.state.waitMs, oneLane.waitMs);
});

test('a server that allows fewer gets no more', () => {
  const line: Line = { whole: 1000 * MB, lane: 5 * MB, rttMs: 40 };
  for (const [most, want] of [
    [1, 1],
    [2, 2],
    [5, 4],
    [100, 16],
  ] as const) {
    const { seen } = run(() => line, 300_000, { most });
    assert.equal(Math.max(...seen.map(({ state }) => state.lanes)), want);
    assert.equal(settledAt(seen), want);
  }
});

test('a stall, and a counter that fell, are no measurement', () => {
  let state = oneLane;
  for (let ms = 0; ms < 60_000; ms += 500)
    state = nextLaneCount(state, { nowMs: ms, bytes: 5, rttMs: 30, limitedByUs: false });
  assert.deepEqual([state.lanes, state.rate], [1, undefined]);
  state = nextLaneCount(state, { nowMs: 61_000, bytes: 0, rttMs: 30, limitedByUs: false });
  assert.deepEqual([state.from, state.rate], [{ ms: 61_000, bytes: 0, trips: [] }, undefined]);
});

const lines = fc
  .record({
    lane: fc.double({ min: 0.05, max: 50, noNaN: true }),
    lanes: fc.double({ min: 0.2, max: 40, noNaN: true }),
    rttMs: fc.integer({ min: 2, max: 300 }),
  })
  .map(({ lane, lanes, rttMs }): Line => ({ lane: lane * MB, whole: lane * lanes * MB, rttMs }));

test('on any steady line it comes to what carries nearly all, and to no more than that', (t) => {
  let least = 1;
  fc.assert(
    fc.property(lines, fc.integer(), (line, noisy) => {
      const { seen, bytes } = run(() => line, 600_000, { noisy });
      const best = carried(line, 16);
      const settled = settledAt(seen);
      assert.ok([1, 2, 4, 8, 16].includes(settled));
      assert.ok(carried(line, settled) >= 0.85 * best, `${settled} lanes carry too little`);
      assert.ok(
        settled === 1 || carried(line, settled / 2) < 0.995 * carried(line, settled),
        `${settled} lanes where half of them carry the same`,
      );
      least = Math.min(least, bytes / (600 * best));
      assert.ok(bytes >= 0.85 * 600 * best, `only ${bytes / (600 * best)} of the line in ten minutes`);
    }),
    { seed, numRuns: runs(300) },
  );
  t.diagnostic(
    `count: ${runs(300)} lines; ten minutes carried at least ${(least * 100).toFixed(1)} % (seed ${seed})`,
  );
});

test('a line that changes is followed: soon where it shows, else with the next attempt', (t) => {
  let [soonest, latest] = [0, 0];
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3, 6, 12, 20),
      fc.constantFrom(1, 2, 3, 6, 12, 20),
      fc.constantFrom(0.2, 0.5, 1, 1, 2),
      fc.integer({ min: 5, max: 150 }),
      fc.integer(),
      (before, after, slower, rttMs, noisy) => {
        const first: Line = { whole: before * 5 * MB, lane: 5 * MB, rttMs };
        const second: Line = { ...first, whole: after * 5 * MB, lane: slower * 5 * MB };
        const changeMs = 300_000;
        const { seen } = run((ms) => (ms < changeMs ? first : second), changeMs + 180_000, { noisy });
        const enough = ({ state }: Seen): boolean =>
          carried(second, state.settled) >= 0.85 * carried(second, 16);
        const at = seen.findLast(({ ms }) => ms <= changeMs)!;
        const there = enough(at) ? changeMs : seen.find((one) => one.ms > changeMs && enough(one))?.ms;
        assert.ok(there !== undefined, `${settledAt(seen)} lanes are too few`);
        const grown = carried(second, at.state.settled) / carried(first, at.state.settled);
        const shows = Math.max(grown, 1 / grown) > 1.4;
        if (shows) soonest = Math.max(soonest, there - changeMs);
        else latest = Math.max(latest, there - changeMs);
        assert.ok(there - changeMs <= (shows ? 40_000 : 180_000));
        assert.ok(enough(seen.at(-1)!));
      },
    ),
    { seed, numRuns: runs(300) },
  );
  t.diagnostic(
    `count: ${runs(300)} changes followed after at most ${soonest / 1000} and ${latest / 1000} s (seed ${seed})`,
  );
});

test('a line that shrank gives lanes back', () => {
  for (const lanes of [4, 8, 16]) {
    const first: Line = { whole: lanes * 5 * MB, lane: 5 * MB, rttMs: 60 };
    const { seen } = run((ms) => (ms < 100_000 ? first : { ...first, whole: 5 * MB }), 500_000, { noisy: 1 });
    assert.ok(seen.some(({ state }) => state.settled === lanes));
    assert.equal(settledAt(seen), 1);
  }
});

test('a verdict takes ten round trips, after as many in which new lanes come to their speed', () => {
  const line: Line = { whole: 100 * MB, lane: 5 * MB, rttMs: 300 };
  const { seen } = run(() => line, 12_000);
  assert.deepEqual(
    seen.map(({ ms, state }) => [ms, state.lanes]),
    [
      [0, 1],
      [6000, 2],
      [12_000, 4],
      [12_000, 4],
    ],
  );
});

test('no more are tried on a line that shows by its round trips that it is full; fewer are, now and then', () => {
  const line: Line = { whole: 60 * MB, lane: 10 * MB, rttMs: 100, queueMs: 60 };
  const begin = firstLanes(line.rttMs);
  const { seen, bytes } = run(() => line, 120_000, { begin, noisy: 1, startTrips: 15 });
  assert.deepEqual(new Set(seen.map(({ state }) => state.lanes)), new Set([8, 4]));
  assert.ok(seen.find(({ state }) => state.lanes === 4)!.ms > 10_000, 'not while a short transfer lasts');
  assert.equal(settledAt(seen), 8);
  assert.ok(bytes >= 0.95 * 120 * line.whole, `${bytes / (120 * line.whole)} of the line`);
  const silent = run(() => ({ ...line, queueMs: 0 }), 120_000, { begin, noisy: 1 });
  assert.equal(
    Math.max(...silent.seen.map(({ state }) => state.lanes)),
    16,
    'where nothing shows it is tried',
  );
});

test('a path that has become longer is not taken for a full one for more than a minute', () => {
  const near: Line = { whole: 200 * MB, lane: 10 * MB, rttMs: 30, queueMs: 40 };
  const limited = (ms: number): boolean => ms < 20_000;
  const { seen } = run((ms) => ({ ...near, rttMs: ms < 20_000 ? 30 : 90 }), 140_000, { limited });
  assert.equal(settledAt(seen), 16);
  assert.ok(seen.every(({ ms, state }) => ms > 60_000 || state.lanes === 1));
});

test('on a line so slow that no lane got a block through in time, there were as many again', () => {
  const eight = firstLanes(40);
  const at = (...ms: number[]): number[] => ms;
  const late = at(0, 1, 2, 3, 4, 5, 6, 7);
  assert.equal(afterTimeouts(eight, late.slice(1), 10).lanes, 8, 'one lane got something through');
  assert.equal(afterTimeouts(eight, late, 100_000).lanes, 8, 'long ago');
  const four = afterTimeouts(eight, late, 10);
  assert.deepEqual([four.lanes, four.settled], [4, 4]);
  const one = afterTimeouts(afterTimeouts(four, at(1, 2, 3, 4), 10), at(1, 2), 10);
  assert.equal(one.lanes, 1);
  assert.equal(afterTimeouts(one, at(1, 1, 1), 10), one);
});
