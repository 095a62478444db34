/** Log lines: by value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { show, showName, trusted } from '@ferry/protocol';
import { openLog, throttled } from '../../packages/server/src/log.ts';
import type { LogEvent } from '../../packages/server/src/log-event.ts';

const who = { user: show('an\x1b[31mna'), peer: '10.0.0.5:50123' };
const events: readonly LogEvent[] = [
  { what: 'joined', who, client: show('ferry 0.1.0'), readOnly: true, by: 'with an invite' },
  { what: 'sent', who, path: showName('/a\nb.mov'), bytes: 4_210_000_000, ms: 19_800 },
  { what: 'received', who, path: showName('/c'), bytes: 0, ms: 0.4 },
  { what: 'renamed', who, path: showName('/a'), to: showName('/b\xff') },
  { what: 'refused', peer: '10.0.0.6:1', code: 'AUTH_FAILED', why: show('no') },
  { what: 'left', who, ms: 3_700_000, why: undefined },
  { what: 'server', text: trusted('worker 1 is back') },
];

function lines(json: boolean): string[] {
  const written: string[] = [];
  const log = openLog({ json, write: (line) => written.push(line), now: () => Date.UTC(2026, 10, 20, 12) });
  for (const event of events) log(event);
  return written;
}

describe('log', () => {
  it('tells each event in one readable line', () => {
    const words = lines(false).map((line) => line.slice('2026-11-20 12:00:00 '.length));
    assert.deepEqual(words, [
      'an\\e[31mna@10.0.0.5:50123 logged in with an invite, read-only (ferry 0.1.0)\n',
      'an\\e[31mna@10.0.0.5:50123 downloaded /a\\nb.mov (4.21 GB in 19.8 s, 213 MB/s)\n',
      'an\\e[31mna@10.0.0.5:50123 uploaded /c (0 B in 0 ms, 0 B/s)\n',
      'an\\e[31mna@10.0.0.5:50123 renamed /a to /b\\xff\n',
      '10.0.0.6:1 refused: no [AUTH_FAILED]\n',
      'an\\e[31mna@10.0.0.5:50123 left after 1 h 1 min\n',
      'worker 1 is back\n',
    ]);
  });

  it('tells it as one JSON object for machines (RES-09)', () => {
    for (const [i, line] of lines(true).entries()) {
      assert.equal(line.indexOf('\n'), line.length - 1);
      const object = JSON.parse(line) as { time: string; what: string; user?: string };
      assert.equal(object.time, '2026-11-20T12:00:00.000Z');
      assert.equal(object.what, events[i]?.what);
    }
    assert.match(
      lines(true)[1] ?? '',
      /"user":"an\\\\e\[31mna","peer":"10.0.0.5:50123","path":"\/a\\\\nb.mov"/,
    );
  });

  it('counts a flood of refusals instead of telling each (RES-10)', () => {
    const told: LogEvent[] = [];
    let nowMs = 5000;
    const log = throttled(
      (event) => told.push(event),
      () => nowMs,
    );
    const refused: LogEvent = { what: 'refused', peer: '10.0.0.6:1', code: 'AUTH_FAILED', why: show('no') };
    for (let i = 0; i < 1000; i++) log(refused);
    log({ what: 'server', text: trusted('still heard') });
    assert.equal(told.length, 11);
    nowMs += 1000;
    log(refused);
    assert.deepEqual(told.slice(11), [
      { what: 'server', text: '990 more were refused from 10.0.0.6, too fast to tell each' },
      refused,
    ]);
  });

  it('lets one flood hide nobody else, and floods from everywhere fill no disk (RES-10)', () => {
    const told: LogEvent[] = [];
    let nowMs = 5000;
    const log = throttled(
      (event) => told.push(event),
      () => nowMs,
    );
    const refusedFrom = (peer: string): LogEvent => ({
      what: 'refused',
      peer,
      code: 'AUTH_FAILED',
      why: show('no'),
    });
    for (let i = 0; i < 1000; i++) log(refusedFrom(`10.0.0.6:${i}`));
    log(refusedFrom('[2001:db8::1]:7'));
    assert.equal(told.length, 11);
    for (let i = 0; i < 5000; i++) log(refusedFrom(`10.1.${i >> 8}.${i & 255}:1`));
    assert.equal(told.length, 100);
    nowMs += 1000;
    log(refusedFrom('10.0.0.7:1'));
    assert.deepEqual(
      told.slice(100, -1).map((event) => 'text' in event && event.text),
      [
        '990 more were refused from 10.0.0.6, too fast to tell each',
        '4911 more were refused from everywhere, too fast to tell each',
      ],
    );
  });

  it('counts what one person does too fast, and tells what others do, who came and what broke (RES-10)', () => {
    const told: LogEvent[] = [];
    let nowMs = 5000;
    const log = throttled(
      (event) => told.push(event),
      () => nowMs,
    );
    const other = { user: show('bob'), peer: '10.0.0.7:1' };
    for (let i = 0; i < 1000; i++) log({ what: 'made', who, path: showName('/x') });
    const rest: readonly LogEvent[] = [
      { what: 'made', who: other, path: showName('/y') },
      { what: 'left', who, ms: 1, why: undefined },
      { what: 'trouble', who, code: 'IO_ERROR', why: show('broken') },
    ];
    for (const event of rest) log(event);
    assert.deepEqual(told.slice(100), rest);
    nowMs += 1000;
    log({ what: 'made', who, path: showName('/z') });
    const [said, last] = told.slice(103);
    assert.ok(said?.what === 'server' && last?.what === 'made');
    assert.equal(said.text, 'an\\e[31mna did 900 more things, too fast to tell each');
  });
});
