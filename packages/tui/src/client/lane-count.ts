/**
 * How many lanes a session should have. Pure; time is a parameter. Asked by the I/O thread a few times a second while files move.
 *
 * Where the path and not the line is the limit (long round trips, loss), more connections carry more. That cannot be known
 * but tried: one window of measuring with so many lanes, one with twice as many, and what does not gain is taken back.
 */

import { limits } from '@ferry/protocol';

export type LaneSample = {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: number;
  /** Verified bytes of the session so far, all lanes together. */
  readonly bytes: number;
  /** The last round trip; a full line shows longer ones. */
  readonly rttMs: number;
  /** Since the last sample our own limits, a pause, a disk or too little to do held it back: the rate says nothing of the line. */
  readonly limitedByUs: boolean;
  /** What the server allows. */
  readonly most?: number;
};

type Way = 'up' | 'down';

type Mark = {
  readonly ms: number;
  readonly bytes: number;
  /** Round trips since then, one of each sample, milliseconds. */
  readonly trips: readonly number[];
};

export type LaneState = {
  /** How many lanes there should be now. */
  readonly lanes: number;
  /** How many have proved to be right; differs from `lanes` while others are tried. */
  readonly settled: number;
  /** Bytes per second with `settled` lanes, as measured last; undefined before the first measurement. */
  readonly rate: number | undefined;
  /** The same when it was settled: the line has changed when the two differ much. */
  readonly settledRate: number | undefined;
  /** Where the present measurement began; undefined: at the first sample after `quietUntilMs`. */
  readonly from: Mark | undefined;
  /** The shortest round trip of the last minute or so: of the line when nothing waits in front of it. */
  readonly shortest: { readonly rttMs: number; readonly untilMs: number } | undefined;
  /** Lanes that have just been opened or had nothing to do are not at their speed; undefined: nothing was seen of them yet. */
  readonly quietUntilMs: number | undefined;
  /** Every attempt begins with more lanes and goes on with fewer. */
  readonly tryNext: Way;
  readonly tryAtMs: number;
  /** How long to leave it alone after the next attempt that gains nothing. */
  readonly waitMs: number;
};

/** A gain below this is no reason for twice the lanes… */
const gain = 1.08;
/** …and a loss below this none against half of them. */
const loss = 0.97;
/** Another line than before: attempts that gained nothing on that one say nothing about it. */
const change = 1.25;
const shortestWindowMs = 1000;
/** Round trips of a measurement, and as many before it for handshakes and slow start. */
const windowTrips = 10;
/** On a network this near one lane fills the line. */
const nearMs = 2;
/** Round trips this much longer than the shortest, and by so many milliseconds, are those of a queue: the line is full… */
const queued = { times: 1.3, byMs: 10 } as const;
/** …as long as the shortest one is believed, milliseconds; another path may have others. */
const shortestForMs = 60_000;
const firstWaitMs = 10_000;
const longestWaitMs = 120_000;

export const oneLane: LaneState = {
  lanes: 1,
  settled: 1,
  rate: undefined,
  settledRate: undefined,
  from: undefined,
  shortest: undefined,
  quietUntilMs: undefined,
  tryNext: 'up',
  tryAtMs: Number.NEGATIVE_INFINITY,
  waitMs: firstWaitMs,
};

/**
 * To begin with, by the round trip alone: near by one lane carries all that the processors can, far away a single lost
 * packet halves a connection for many round trips, and only further connections hide that.
 */
export function firstLanes(rttMs: number, most: number = limits.sessionLanes): LaneState {
  const wanted = rttMs < nearMs ? 1 : rttMs < 10 ? 2 : rttMs < 30 ? 4 : 8;
  const lanes = Math.min(wanted, 2 ** Math.floor(Math.log2(Math.max(1, most))));
  return { ...oneLane, lanes, settled: lanes };
}

/** The next state; its `lanes` is 1, 2, 4, 8 or 16. */
export function nextLaneCount(before: LaneState, sample: LaneSample): LaneState {
  const { nowMs, bytes, rttMs } = sample;
  if (rttMs < nearMs) return before.lanes === 1 && before.rate === undefined ? before : oneLane;
  const state = withTrip(before.quietUntilMs === undefined ? atRest(before, sample) : before, sample);
  if (sample.limitedByUs) return withLanes(atRest(state, sample), state.settled, sample);
  const { from } = state;
  if (from === undefined || bytes < from.bytes) {
    return nowMs < (state.quietUntilMs ?? nowMs)
      ? state
      : { ...state, from: { ms: nowMs, bytes, trips: [] } };
  }
  const ms = nowMs - from.ms;
  if (ms < Math.max(shortestWindowMs, windowTrips * rttMs)) return state;
  const rate = ((bytes - from.bytes) * 1000) / ms;
  const measured: LaneState = { ...state, from: { ms: nowMs, bytes, trips: [] } };
  // Nothing came at all: a stall, which is somebody else's to judge.
  if (rate === 0) return measured;
  const isFull = isQueued(from.trips, state.shortest?.rttMs ?? rttMs);
  if (state.lanes === state.settled || state.rate === undefined) return hold(measured, rate, isFull, sample);
  const way = state.lanes > state.settled ? 'up' : 'down';
  const worth = way === 'up' ? rate > state.rate * gain : rate >= state.rate * loss;
  return worth ? keep(measured, rate, way, isFull, sample) : goBack(measured, way, sample);
}

/** Within this time, milliseconds, as many lanes that ran out of time as there should be make them too many. */
const timeoutsWithinMs = 90_000;

/**
 * Lanes ran out of time at these moments. One that stood still says nothing, but where all did, the line is so slow that none of them got a
 * block through in time: half as many do sooner.
 */
export function afterTimeouts(state: LaneState, timeoutsMs: readonly number[], nowMs: number): LaneState {
  const late = timeoutsMs.filter((ms) => nowMs - ms < timeoutsWithinMs).length;
  if (state.lanes === 1 || late < state.lanes) return state;
  const lanes = Math.max(1, Math.floor(state.lanes / 2));
  return { ...oneLane, lanes, settled: lanes, tryAtMs: nowMs + longestWaitMs, waitMs: longestWaitMs };
}

function withTrip(state: LaneState, { nowMs, rttMs }: LaneSample): LaneState {
  const { from, shortest } = state;
  const isShortest = shortest === undefined || rttMs <= shortest.rttMs || nowMs >= shortest.untilMs;
  return {
    ...state,
    shortest: isShortest ? { rttMs, untilMs: nowMs + shortestForMs } : shortest,
    from: from && { ...from, trips: [...from.trips, rttMs] },
  };
}

/** Most round trips were those of a line in front of which packets wait: it carries all that it can, over however many lanes. */
function isQueued(trips: readonly number[], shortestMs: number): boolean {
  const median = trips.toSorted((a, b) => a - b)[Math.floor(trips.length / 2)] ?? shortestMs;
  return median > queued.times * shortestMs && median - shortestMs > queued.byMs;
}

/** Measured with the settled number: try another when it is time; more only where that could gain something. */
function hold(state: LaneState, rate: number, isFull: boolean, sample: LaneSample): LaneState {
  const before = state.settledRate ?? rate;
  const changed = rate > before * change || rate * change < before;
  const { nowMs } = sample;
  const next: LaneState = { ...state, rate, settledRate: before };
  const soon: LaneState = {
    ...next,
    settledRate: rate,
    tryNext: 'up',
    tryAtMs: Math.min(state.tryAtMs, nowMs + firstWaitMs),
    waitMs: firstWaitMs,
  };
  const then = changed ? soon : next;
  if (nowMs < then.tryAtMs) return then;
  return isFull && then.tryNext === 'up' ? goBack(then, 'up', sample) : attempt(then, then.tryNext, sample);
}

/** What was tried is worth it; go on in that direction. */
function keep(state: LaneState, rate: number, way: Way, isFull: boolean, sample: LaneSample): LaneState {
  const settled: LaneState = {
    ...state,
    settled: state.lanes,
    rate,
    settledRate: rate,
    waitMs: firstWaitMs,
  };
  const mayTry = canTry(settled, way, sample) && !(isFull && way === 'up');
  return mayTry ? attempt(settled, way, sample) : rest(settled, sample);
}

/** It was not worth it. After more, fewer are tried at once, unless they have just proved too few. */
function goBack(state: LaneState, way: Way, sample: LaneSample): LaneState {
  const back = withLanes(state, state.settled, sample);
  const justGrown = state.waitMs === firstWaitMs;
  return way === 'up' && state.settled > 1 && !justGrown ? { ...back, tryNext: 'down' } : rest(back, sample);
}

/** Leave it alone for a while, longer each time. */
function rest(state: LaneState, { nowMs }: LaneSample): LaneState {
  return {
    ...state,
    tryNext: 'up',
    tryAtMs: nowMs + state.waitMs,
    waitMs: Math.min(longestWaitMs, state.waitMs * 2),
  };
}

function attempt(state: LaneState, way: Way, sample: LaneSample): LaneState {
  const ways: readonly Way[] = way === 'up' ? ['up', 'down'] : ['down', 'up'];
  const possible = ways.find((one) => canTry(state, one, sample));
  if (possible === undefined) return state;
  return withLanes(state, possible === 'up' ? state.settled * 2 : state.settled / 2, sample);
}

function canTry(state: LaneState, way: Way, { most = limits.sessionLanes }: LaneSample): boolean {
  return way === 'up' ? state.settled * 2 <= Math.min(most, limits.sessionLanes) : state.settled > 1;
}

function withLanes(state: LaneState, lanes: number, sample: LaneSample): LaneState {
  return lanes === state.lanes ? state : { ...atRest(state, sample), lanes };
}

/** Nothing is measured until the lanes are at their speed. */
function atRest(state: LaneState, { nowMs, rttMs }: LaneSample): LaneState {
  return { ...state, from: undefined, quietUntilMs: nowMs + windowTrips * rttMs };
}
