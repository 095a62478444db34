/** Bandwidth limits, on a clock of the test's own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FerryError } from '@ferry/protocol';
import fc from 'fast-check';
import {
  combine,
  Limiter,
  type Pace,
  type Timer,
  takeAll,
  takeSome,
  unpaced,
} from '../../../packages/tui/src/transfer/pace.ts';
import { withCode } from '../../support/code.ts';
import { runs, seed } from '../../support/random.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const never = new AbortController().signal;

/** Time that passes only when everything that can run has run; timers are late by up to `lateMs`. */
class Clock {
  ms = 0;
  readonly #lateMs: () => number;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  constructor(lateMs: () => number = () => 0) {
    this.#lateMs = lateMs;
  }

  readonly now = (): number => this.ms;

  readonly timer: Timer = (call, ms) => {
    const timer = { at: this.ms + (ms === 0 ? 0 : ms + this.#lateMs()), call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get idle(): boolean {
    return this.#timers.size === 0;
  }

  async runUntil(ms: number): Promise<void> {
    for (;;) {
      await nextTurn();
      const [first] = [...this.#timers].toSorted((a, b) => a.at - b.at);
      if (first === undefined || first.at > ms) break;
      this.ms = Math.max(this.ms, first.at);
      this.#timers.delete(first);
      first.call();
    }
    this.ms = ms;
  }
}

type Grant = { readonly ms: number; readonly bytes: number; readonly who: number };

/** Asks for one piece after the other until the clock stands at `untilMs`, `hops` microtasks between two. */
async function asking(
  pace: Pace,
  clock: Clock,
  untilMs: number,
  grants: Grant[],
  { who = 0, hops = 0, piece }: { who?: number; hops?: number; piece: () => number },
): Promise<void> {
  while (clock.ms < untilMs) {
    const bytes = piece();
    if ((await pace.take(bytes, never)) === false) continue;
    grants.push({ ms: clock.ms, bytes, who });
    for (let i = 0; i < hops; i++) await Promise.resolve();
  }
}

/** Bytes per second from the first grant to the first one that is `ms` later: what went before it is paid for then. */
function measured(grants: readonly Grant[], ms: number): number {
  const start = grants[0]!.ms;
  const end = grants.findIndex((grant) => grant.ms - start >= ms);
  assert.ok(end > 0, 'asked for too short a time');
  const bytes = grants.slice(0, end).reduce((sum, grant) => sum + grant.bytes, 0);
  return (bytes * 1000) / (grants[end]!.ms - start);
}

function assertRate(grants: readonly Grant[], rate: number): number {
  const off = measured(grants, 10_000) / rate - 1;
  assert.ok(Math.abs(off) <= 0.05, `${(off * 100).toFixed(2)} % off at ${rate} B/s (seed ${seed})`);
  return Math.abs(off);
}

const rates = [64 * KiB, MiB, 10 * MiB, 100 * MiB, 500e6];
const pieces = [1, 1000, 64 * KiB, MiB, 4 * MiB];

test('the rate is kept over ten seconds, whatever is asked for at once', async (t) => {
  let worst = 0;
  for (const rate of rates) {
    for (const piece of pieces.filter((bytes) => (rate * 10) / bytes < 1e6)) {
      const clock = new Clock(() => 2);
      const grants: Grant[] = [];
      // A piece may take longer than ten seconds by itself; then its own time counts.
      const untilMs = 11_000 + (piece / rate) * 1000;
      const asked = asking(new Limiter(rate, clock), clock, untilMs, grants, { piece: () => piece });
      await clock.runUntil(2 * untilMs + 100_000);
      await asked;
      worst = Math.max(worst, assertRate(grants, rate));
    }
  }
  t.diagnostic(`count: at worst ${(worst * 100).toFixed(2)} % off the limit`);
});

test('the rate is kept with several at once, pieces of all sizes and late timers', async (t) => {
  let worst = 0;
  const logUniform = (low: number, high: number): fc.Arbitrary<number> =>
    fc
      .double({ min: Math.log2(low), max: Math.log2(high), noNaN: true })
      .map((power) => Math.max(1, Math.round(2 ** power)));
  await fc.assert(
    fc.asyncProperty(
      logUniform(64 * KiB, 500e6),
      fc.array(logUniform(1, 4 * MiB), { minLength: 8, maxLength: 64 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 20 }),
      async (rate, sizes, takers, lateMs) => {
        const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
        fc.pre((rate * 10) / mean < 1e5);
        const clock = new Clock(() => lateMs);
        const limiter = new Limiter(rate, clock);
        const grants: Grant[] = [];
        const untilMs = 11_000 + (4 * MiB * 1000) / rate;
        let turn = 0;
        const piece = (): number => sizes[turn++ % sizes.length]!;
        const asked = Array.from({ length: takers }, (_, who) =>
          asking(limiter, clock, untilMs, grants, { who, hops: who, piece }),
        );
        await clock.runUntil(20 * untilMs);
        await Promise.all(asked);
        worst = Math.max(worst, assertRate(grants, rate));
      },
    ),
    { seed, numRuns: runs(30) },
  );
  t.diagnostic(`count: at worst ${(worst * 100).toFixed(2)} % off the limit (seed ${seed})`);
});

/** The most that any ten seconds from `fromMs` on are off the rate, as a share. */
function worstWindow(grants: readonly Grant[], rate: number, fromMs: number): number {
  let worst = 0;
  for (const { ms: start } of grants) {
    if (start < fromMs || start + 10_000 > grants.at(-1)!.ms) continue;
    const inside = grants.filter(({ ms }) => ms >= start && ms < start + 10_000);
    const bytes = inside.reduce((sum, grant) => sum + grant.bytes, 0);
    worst = Math.max(worst, Math.abs(bytes / (rate * 10) - 1));
  }
  return worst;
}

test('who takes what is to be had keeps the rate in any ten seconds, from the third second on', async (t) => {
  let worst = 0;
  for (const rate of [64e3, 512e3, 5e6]) {
    for (const takers of [1, 3]) {
      const clock = new Clock(() => 3);
      const limiter = new Limiter(undefined, clock);
      assert.equal(await takeSome(limiter, 4 * MiB, never), 4 * MiB);
      limiter.setRate(rate);
      const grants: Grant[] = [];
      const asked = Array.from({ length: takers }, async (_, who) => {
        while (clock.ms < 30_000) {
          const bytes = await takeSome(limiter, MiB, never);
          assert.ok(bytes <= rate / 8);
          grants.push({ ms: clock.ms, bytes, who });
        }
      });
      await clock.runUntil(40_000);
      await Promise.all(asked);
      worst = Math.max(worst, worstWindow(grants, rate, 2000));
    }
  }
  assert.ok(worst <= 0.05, `${(worst * 100).toFixed(2)} % off`);
  t.diagnostic(`count: at worst ${(worst * 100).toFixed(2)} % off in any ten seconds`);
});

test('a limit that is lowered sends back who waits for more than a grain of it', async () => {
  const clock = new Clock();
  const own = new Limiter(8 * MiB, clock);
  const pace = combine(own, new Limiter(undefined, clock));
  assert.equal(pace.take(4 * MiB, never), undefined);
  const large = pace.take(MiB, never);
  const small = pace.take(1000, never);
  own.setRate(64e3);
  assert.equal(await large, false);
  const grants: Grant[] = [];
  const some = takeSome(pace, MiB, never).then((bytes) => grants.push({ ms: clock.ms, bytes, who: 0 }));
  await clock.runUntil(2000);
  assert.equal(await small, true);
  await some;
  assert.deepEqual(
    grants.map(({ bytes }) => bytes),
    [8000],
  );
  own.setRate(undefined);
  assert.equal(await takeSome(pace, MiB, never), MiB);
});

test('what cannot be cut goes when all of it is paid for', async () => {
  const clock = new Clock();
  const limiter = new Limiter(8000, clock);
  let paidMs = -1;
  const all = takeAll(limiter, 80_000, never).then(() => {
    paidMs = clock.ms;
  });
  await clock.runUntil(20_000);
  await all;
  // Not the last grain, which goes before it is paid for.
  assert.ok(paidMs >= 9800 && paidMs <= 10_000, `${paidMs}`);
});

test('two that ask for equal pieces get equal shares, also when one is quicker to ask again', async () => {
  for (const rate of [MiB, 50 * MiB, 75 * MiB, 100e6, 500e6]) {
    const clock = new Clock(() => 1);
    const limiter = new Limiter(rate, clock);
    const grants: Grant[] = [];
    const asked = [
      asking(limiter, clock, 10_000, grants, { who: 0, piece: () => 64 * KiB }),
      asking(limiter, clock, 10_000, grants, { who: 1, hops: 9, piece: () => 64 * KiB }),
    ];
    await clock.runUntil(20_000);
    await Promise.all(asked);
    const share = grants.filter(({ who }) => who === 0).length / grants.length;
    assert.ok(Math.abs(share - 0.5) < 0.01, `one of two had ${share} at ${rate} B/s`);
  }
});

test('who comes first goes first', async () => {
  const clock = new Clock();
  const limiter = new Limiter(1000, clock);
  assert.equal(limiter.take(1000, never), undefined);
  const order: number[] = [];
  const all = [5, 900, 1, 300].map(async (bytes, i) => {
    await limiter.take(bytes, never);
    order.push(i);
  });
  await clock.runUntil(10_000);
  await Promise.all(all);
  assert.deepEqual(order, [0, 1, 2, 3]);
});

test('what was not used is remembered for a quarter of a second and no longer', () => {
  const clock = new Clock();
  const limiter = new Limiter(1000, clock);
  assert.equal(limiter.take(1, never), undefined);
  clock.ms = 60_000;
  let passed = 0;
  const abort = new AbortController();
  for (;;) {
    const wait = limiter.take(10, abort.signal);
    if (wait !== undefined) {
      wait.catch(() => {});
      break;
    }
    passed += 10;
  }
  abort.abort();
  // 250 bytes, and the one that goes below zero.
  assert.equal(passed, 260);
});

test('one request larger than any burst passes at once; the next pays for it', async () => {
  const clock = new Clock();
  const limiter = new Limiter(64 * KiB, clock);
  assert.equal(limiter.take(4 * MiB, never), undefined);
  let passedAt = -1;
  const next = limiter.take(1, never)?.then(() => {
    passedAt = clock.ms;
  });
  await clock.runUntil(100_000);
  await next;
  assert.equal(passedAt, 64_000);
});

test('a new rate acts at once for those who wait', async () => {
  const clock = new Clock();
  const limiter = new Limiter(1, clock);
  assert.equal(limiter.take(1_000_000, never), undefined);
  let passedAt = -1;
  const next = limiter.take(1, never)?.then(() => {
    passedAt = clock.ms;
  });
  await clock.runUntil(5000);
  assert.equal(passedAt, -1);
  limiter.setRate(2_000_000);
  await clock.runUntil(6000);
  await next;
  assert.equal(passedAt, 5500);
});

test('a lower rate does not ask for old bytes at the new price', async () => {
  const clock = new Clock();
  const limiter = new Limiter(100e6, clock);
  assert.equal(limiter.take(4e6, never), undefined);
  limiter.setRate(1000);
  let passedAt = -1;
  const next = limiter.take(1, never)?.then(() => {
    passedAt = clock.ms;
  });
  await clock.runUntil(1000);
  await next;
  assert.equal(passedAt, 40);
});

test('a limit that is lifted lets everybody go, and one that comes back holds again', async () => {
  const clock = new Clock();
  const limiter = new Limiter(1, clock);
  const all = Array.from({ length: 20 }, () => limiter.take(MiB, never));
  limiter.setRate(undefined);
  for (const wait of all) await wait;
  assert.ok(clock.idle);
  for (let i = 0; i < 10; i++) assert.equal(limiter.take(MiB, never), undefined);
  limiter.setRate(MiB);
  assert.equal(limiter.take(MiB, never), undefined);
  const wait = limiter.take(MiB, never);
  assert.ok(wait !== undefined);
  await clock.runUntil(1000);
  await wait;
});

test('the rate follows every change', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 64 * KiB, max: 100 * MiB }), { minLength: 2, maxLength: 5 }),
      async (steps) => {
        const clock = new Clock(() => 1);
        const limiter = new Limiter(steps[0], clock);
        const grants: Grant[] = [];
        const untilMs = steps.length * 12_000;
        const asked = asking(limiter, clock, untilMs, grants, { piece: () => 32 * KiB });
        for (const [i, rate] of steps.entries()) {
          limiter.setRate(rate);
          await clock.runUntil((i + 1) * 12_000);
          assertRate(
            grants.filter(({ ms }) => ms >= i * 12_000 + 500),
            rate,
          );
        }
        await clock.runUntil(untilMs + 1000);
        await asked;
      },
    ),
    { seed, numRuns: runs(5) },
  );
});

test('a cancelled wait says so, uses nothing and leaves no timer', async () => {
  const clock = new Clock();
  const limiter = new Limiter(1000, clock);
  assert.equal(limiter.take(1000, never), undefined);
  const abort = new AbortController();
  const cancelled = limiter.take(1_000_000, abort.signal);
  abort.abort();
  await assert.rejects(async () => cancelled, withCode('CANCELLED'));
  assert.ok(clock.idle);
  await assert.rejects(async () => limiter.take(1, abort.signal), withCode('CANCELLED'));
  let passedAt = -1;
  const next = limiter.take(1, never)?.then(() => {
    passedAt = clock.ms;
  });
  await clock.runUntil(5000);
  await next;
  assert.equal(passedAt, 1000);
});

test('a wait that was let through keeps no hold on the signal', async () => {
  const clock = new Clock();
  const limiter = new Limiter(1000, clock);
  const abort = new AbortController();
  assert.equal(limiter.take(1, abort.signal), undefined);
  const wait = limiter.take(1, abort.signal);
  await clock.runUntil(1000);
  await wait;
  abort.abort();
  const other = limiter.take(0, never);
  await clock.runUntil(2000);
  await other;
});

test('combined limits hold together; the narrowest decides', async () => {
  const clock = new Clock(() => 1);
  const common = new Limiter(MiB, clock);
  const slow = combine(new Limiter(256 * KiB, clock), unpaced, common);
  const grants: Grant[] = [];
  const asked = [
    asking(slow, clock, 11_000, grants, { who: 0, piece: () => 16 * KiB }),
    asking(combine(common), clock, 11_000, grants, { who: 1, piece: () => 16 * KiB }),
  ];
  await clock.runUntil(12_000);
  await Promise.all(asked);
  assertRate(grants, MiB);
  assertRate(
    grants.filter(({ who }) => who === 0),
    256 * KiB,
  );
});

test('nothing to combine is no limit, one is itself', () => {
  const limiter = new Limiter(5);
  assert.equal(combine(), unpaced);
  assert.equal(combine(unpaced, unpaced), unpaced);
  assert.equal(combine(unpaced, limiter), limiter);
  assert.equal(unpaced.take(1e9, never), undefined);
});

test('who is cancelled at their own limit has taken nothing of the common one', async () => {
  const clock = new Clock();
  const own = new Limiter(1, clock);
  const common = new Limiter(1000, clock);
  assert.equal(own.take(1000, never), undefined);
  const abort = new AbortController();
  const wait = combine(own, common).take(1_000_000, abort.signal);
  abort.abort(new FerryError(70, 'another reason'));
  await assert.rejects(async () => wait, withCode('CANCELLED'));
  assert.equal(common.take(0, never), undefined);
  assert.equal(common.take(0, never), undefined);
});

test('no rate but one above nothing', () => {
  for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new Limiter(rate), RangeError);
});
