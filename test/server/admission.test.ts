/** Who is let in to say hello, how many there may be, and which thread is stuck: by value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '@ferry/protocol';
import { admission, type Stranger } from '../../packages/server/src/supervisor/admission.ts';
import { capacityFor } from '../../packages/server/src/supervisor/descriptors.ts';
import { isStuck, workedMsOf } from '../../packages/server/src/supervisor/pulse.ts';

const nowMs = 100_000;

function strangers(
  ...groups: readonly (readonly [source: string, count: number, ageMs: number, hasSpoken: boolean])[]
): Map<number, Stranger> {
  const all = groups.flatMap(([source, count, ageMs, hasSpoken]) =>
    Array.from({ length: count }, () => ({ source, sinceMs: nowMs - ageMs, hasSpoken })),
  );
  return new Map(all.map((one, i) => [i + 1, one]));
}

describe('admission', () => {
  it('lets everybody in while there is room', () => {
    assert.deepEqual(admission(strangers(['a', 9, 0, false]), 'a', nowMs, 10), { kind: 'admit' });
  });

  it('takes a place from the address that holds most of them, its silent ones first', () => {
    const crowd = strangers(['b', 10, 5, false], ['a', 5, 3, true], ['a', 45, 2, false]);
    assert.deepEqual(admission(crowd, 'c', nowMs, 60), { kind: 'admit', instead: 16 });
    const speaking = strangers(['b', 10, 5, false], ['a', 50, 3, true]);
    assert.deepEqual(admission(speaking, 'c', nowMs, 60), { kind: 'admit', instead: 11 });
  });

  it('throws nobody out who has spoken or has just come when there is no crowd but the newcomers', () => {
    assert.deepEqual(admission(strangers(['a', 60, 10, false]), 'a', nowMs, 60), { kind: 'refuse' });
    assert.deepEqual(admission(strangers(['a', 60, 5000, true]), 'a', nowMs, 60), { kind: 'refuse' });
    const many = Array.from({ length: 60 }, (_, i) => [`address ${i}`, 1, 10, true] as const);
    assert.deepEqual(admission(strangers(...many), 'new', nowMs, 60), { kind: 'refuse' });
  });

  it('takes a place from who has said nothing for a while', () => {
    const silent = strangers(['a', 30, 5000, true], ['a', 30, limits.silentMs, false]);
    assert.deepEqual(admission(silent, 'a', nowMs, 60), { kind: 'admit', instead: 31 });
  });
});

describe('the capacity', () => {
  it('keeps descriptors for files, and leaves some of everything where there are few (RES-03)', () => {
    assert.deepEqual(capacityFor(Number.POSITIVE_INFINITY), {
      strangers: limits.strangers,
      connections: limits.connections,
    });
    assert.deepEqual(capacityFor(20_000), { strangers: 1000, connections: 10_000 });
    assert.deepEqual(capacityFor(4096), { strangers: 896, connections: 2688 });
    assert.deepEqual(capacityFor(256), { strangers: 32, connections: 96 });
    for (let descriptors = 0; descriptors < 3000; descriptors++) {
      const { strangers: few, connections } = capacityFor(descriptors);
      assert.ok(few >= 1 && connections >= 1);
      assert.ok(descriptors < 8 || few + connections <= descriptors / 2 + 2000);
      assert.ok(descriptors < 1024 || few + connections <= descriptors - limits.reservedDescriptors);
    }
  });
});

describe('a thread', () => {
  it('is stuck when it works and says nothing, and not when it waits', () => {
    assert.equal(isStuck(5000, 4900), true);
    assert.equal(isStuck(60_000, 10), false);
    assert.equal(isStuck(1000, 5000), false);
  });

  it('says how long it has worked', () => {
    const before = workedMsOf(process.pid);
    const until = process.threadCpuUsage().user + 100_000;
    while (process.threadCpuUsage().user < until);
    assert.ok(workedMsOf(process.pid) - before >= 50);
    assert.equal(workedMsOf(2 ** 30), 0);
  });
});
