/** Limits that follow the week. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import fc from 'fast-check';
import {
  formatRate,
  nextChangeMs,
  parseRate,
  parseTimetable,
  rateAt,
} from '../../../packages/tui/src/transfer/timetable.ts';
import { withCode } from '../../support/code.ts';
import { runs, seed } from '../../support/random.ts';

const zone = process.env['TZ'];
before(() => {
  process.env['TZ'] = 'Europe/Berlin';
});
after(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const KiB = 1024;
const MiB = 1024 * KiB;
const hourMs = 3_600_000;

/** 2026-03-01 is a Sunday. */
function at(day: number, hours: number, minutes = 0, seconds = 0): Date {
  return new Date(2026, 2, 1 + day, hours, minutes, seconds);
}

test('rates', () => {
  const table: readonly (readonly [string, number | undefined])[] = [
    ['1', 1],
    ['5000', 5000],
    ['512k', 512 * KiB],
    ['512K', 512 * KiB],
    ['10M', 10 * MiB],
    ['1.5m', 1.5 * MiB],
    ['2G', 2048 * MiB],
    ['off', undefined],
    ['OFF', undefined],
  ];
  for (const [text, rate] of table) assert.equal(parseRate(text), rate, text);
  for (const text of [
    '',
    'x',
    '-1',
    '10T',
    '10 M',
    '1e3',
    '.5M',
    'M',
    '0',
    '0.0001',
    '9999999G',
    '08:00',
    ' 1',
  ])
    assert.throws(() => parseRate(text), withCode('CONFIG'), text);
});

test('a written rate reads back as the same', () => {
  assert.deepEqual(
    [undefined, 1, 1023, KiB, 512 * KiB, 10 * MiB, 2_411_725, 2048 * MiB, 1_000_001].map(formatRate),
    ['off', '1', '1023', '1k', '512k', '10M', '2.3M', '2G', '1000001'],
  );
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat()), (below) => {
      const rate = Math.max(1, below);
      assert.equal(parseRate(formatRate(rate)), rate);
    }),
    { seed, numRuns: runs(2000), examples: [[MiB - 1], [2 ** 30 - 1]] },
  );
});

test('a day of three rates', () => {
  const timetable = parseTimetable('08:00 512k 12:00 10M 18:00 off');
  for (const day of [0, 3, 6]) {
    assert.equal(rateAt(timetable, at(day, 8)), 512 * KiB);
    assert.equal(rateAt(timetable, at(day, 11, 59, 59)), 512 * KiB);
    assert.equal(rateAt(timetable, at(day, 12)), 10 * MiB);
    assert.equal(rateAt(timetable, at(day, 18)), undefined);
    assert.equal(rateAt(timetable, at(day, 0)), undefined);
    assert.equal(rateAt(timetable, at(day, 7, 59, 59)), undefined);
  }
  assert.equal(nextChangeMs(timetable, at(3, 7, 59, 59)), 1000);
  assert.equal(nextChangeMs(timetable, at(3, 8)), 4 * hourMs);
  assert.equal(nextChangeMs(timetable, at(6, 18)), 14 * hourMs);
});

test('days of their own go before every day', () => {
  const timetable = parseTimetable('8:00 1M, Sat-08:00 off sunday-08:00,off MON-0:00 2M');
  assert.equal(rateAt(timetable, at(5, 9)), MiB);
  assert.equal(rateAt(timetable, at(6, 9)), undefined);
  assert.equal(rateAt(timetable, at(0, 9)), undefined);
  assert.equal(rateAt(timetable, at(0, 7)), undefined);
  assert.equal(rateAt(timetable, at(1, 7)), 2 * MiB);
  assert.equal(rateAt(timetable, at(1, 8)), MiB);
  // Saturday's and Sunday's mornings change nothing.
  assert.equal(nextChangeMs(timetable, at(6, 8)), 40 * hourMs);
});

test('a week wraps around', () => {
  const timetable = parseTimetable('Mon-08:00 1M Fri-18:00 off');
  assert.equal(rateAt(timetable, at(0, 12)), undefined);
  assert.equal(rateAt(timetable, at(6, 12)), undefined);
  assert.equal(rateAt(timetable, at(1, 8)), MiB);
  assert.equal(nextChangeMs(timetable, at(5, 18)), 62 * hourMs);
  assert.equal(nextChangeMs(timetable, at(0, 8)), 24 * hourMs);
});

test('a single rate, or one rate only, never changes', () => {
  for (const text of ['10M', ' 10M ', '08:00 10M', '08:00 10M Tue-09:00 10M']) {
    const timetable = parseTimetable(text);
    for (let hour = 0; hour < 24 * 7; hour++) assert.equal(rateAt(timetable, at(0, hour)), 10 * MiB);
    assert.equal(nextChangeMs(timetable, at(2, 3)), undefined);
  }
  assert.equal(rateAt(parseTimetable('off'), at(0, 0)), undefined);
});

test('what is wrong is named with its place', () => {
  const table: readonly (readonly [string, string])[] = [
    ['', 'a limit is missing: a rate, or times and rates'],
    ['fast', '"fast" at character 1 is not a rate such as 512k, 10M or off'],
    ['0', '"0" at character 1 would let nothing through; "off" is no limit'],
    ['08:00', 'a rate is missing after "08:00" at character 1'],
    ['08:00 1M 24:00 2M', '"24:00" at character 10 is not a time such as 08:00 or Mon-08:00'],
    ['08:00 1M 9:60 2M', '"9:60" at character 10 is not a time such as 08:00 or Mon-08:00'],
    ['08:00 1M 12:00', 'a rate is missing after "12:00" at character 10'],
    ['08:00  12:00 1M', '"12:00" at character 8 is not a rate such as 512k, 10M or off'],
    ['08:00 1M 8:00 2M', '"8:00" at character 10 is there twice'],
    ['Mo-08:00 1M', '"Mo-08:00" at character 1 does not begin with a day such as Mon'],
    ['1M 08:00 2M', '"1M" at character 1 is not a time such as 08:00 or Mon-08:00'],
    [`${'9'.repeat(60)} 1`, `"${'9'.repeat(40)}…" at character 1 is not a time such as 08:00 or Mon-08:00`],
  ];
  for (const [text, message] of table)
    assert.throws(
      () => parseTimetable(text, Code.USAGE),
      (error) => error instanceof FerryError && error.code === Code.USAGE && error.message === message,
      text,
    );
});

test('no text makes it fail in any other way', () => {
  const words = fc.constantFrom(
    '08:00',
    'Mon-',
    '1M',
    'off',
    ' ',
    ',',
    ':',
    '-',
    'Sun-23:59',
    '__proto__',
    '99',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        rateAt(parseTimetable(text), at(0, 0));
      } catch (error) {
        withCode('CONFIG')(error);
      }
    }),
    { seed, numRuns: runs(5000) },
  );
});

const minute = fc.integer({ min: 0, max: 7 * 24 * 60 - 1 });
const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

test('the next change is the first minute with another rate, also when clocks are put forward and back', (t) => {
  // Around a plain week, the end of winter time and the end of summer time in Berlin.
  const starts = [Date.UTC(2026, 4, 10), Date.UTC(2026, 2, 27), Date.UTC(2026, 9, 23)];
  const entries = fc.uniqueArray(
    fc.record({
      // Many of them at night, where clocks are changed.
      minute: fc.oneof(minute, fc.integer({ min: 0, max: 5 * 60 })),
      rate: fc.constantFrom('off', '1k', '2k'),
    }),
    { minLength: 1, maxLength: 8, selector: (entry) => entry.minute },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      fc.nat({ max: 4 * 24 * hourMs }),
      entries,
      (start, into, weekly) => {
        const text = weekly.map(({ minute: m, rate }) => {
          const [day, hours] = [Math.floor(m / 1440), Math.floor((m % 1440) / 60)];
          return `${dayNames[day]}-${hours}:${String(m % 60).padStart(2, '0')} ${rate}`;
        });
        const timetable = parseTimetable(text.join(' '));
        const now = new Date(start + into);
        const rate = rateAt(timetable, now);
        let expected: number | undefined;
        const firstMinute = Math.floor(now.getTime() / 60_000) + 1;
        // Two weeks: the hour that is left out can swallow a change.
        for (let i = 0; i < 16 * 1440 && expected === undefined; i++) {
          const then = (firstMinute + i) * 60_000;
          if (rateAt(timetable, new Date(then)) !== rate) expected = then - now.getTime();
        }
        assert.equal(nextChangeMs(timetable, now), expected, text.join(' '));
      },
    ),
    { seed, numRuns: runs(300) },
  );
  t.diagnostic(`count: ${runs(300)} timetables compared minute by minute (seed ${seed})`);
});
