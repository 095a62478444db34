/** What a server counts, and how it is told: figures in shared memory, Prometheus' text, health. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import { Kind } from '@ferry/protocol/wire';
import {
  durationBounds,
  figuresIn,
  Meters,
  newMeterMemory,
  resultOf,
} from '../../packages/server/src/metrics/meters.ts';

describe('meters', () => {
  it('add up what the workers have counted, each by verb, result and duration', () => {
    const memory = newMeterMemory(2);
    const [one, two] = [new Meters(memory, 1), new Meters(memory, 2)];
    one.received(Kind.list, 10);
    one.served(Kind.list, 0.4, undefined);
    two.received(Kind.list, 20);
    two.served(Kind.list, 3, new FerryError(Code.NOT_FOUND, 'not there'));
    two.sent(Kind.read, 1000);
    two.served(Kind.read, 60_000, undefined);
    two.waited(250);
    const { verbs, received, sent, waits, waitedMs } = figuresIn(memory);
    assert.deepEqual([received, sent, waits, waitedMs], [30, 1000, 1, 250]);
    assert.deepEqual(
      verbs.map(({ verb }) => verb),
      ['list', 'read'],
    );
    const [list, read] = verbs;
    assert.deepEqual(list?.results, { ok: 1, refused: 0, cancelled: 0, failed: 1, broken: 0 });
    assert.deepEqual(list?.durations, [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert.ok(Math.abs((list?.seconds ?? 0) - 0.0034) < 1e-9);
    assert.equal(read?.durations.at(-1), 1);
    assert.equal(read?.durations.length, durationBounds.length + 1);
  });

  it('go on where a worker that died had left them', () => {
    const memory = newMeterMemory(1);
    new Meters(memory, 1).served(Kind.stat, 1, undefined);
    new Meters(memory, 1).served(Kind.stat, 1, undefined);
    assert.equal(figuresIn(memory).verbs[0]?.results.ok, 2);
  });

  it('count kinds that nobody knows as one, so that a peer makes no series', () => {
    const memory = newMeterMemory(1);
    const meters = new Meters(memory, 1);
    for (const kind of [0xf0, 0xf1, 0xff]) meters.received(kind, 1);
    assert.deepEqual(
      figuresIn(memory).verbs.map(({ verb, received }) => [verb, received]),
      [['other', 3]],
    );
  });

  it('tell apart what is refused, given up, answered with a no, and broken', () => {
    const of = (code: Code): string => resultOf(new FerryError(code, 'x'));
    assert.equal(resultOf(undefined), 'ok');
    assert.deepEqual(
      [Code.FORBIDDEN, Code.QUOTA, Code.CANCELLED, Code.NOT_FOUND, Code.EXISTS, Code.NO_SPACE].map(of),
      ['refused', 'refused', 'cancelled', 'failed', 'failed', 'broken'],
    );
  });
});
