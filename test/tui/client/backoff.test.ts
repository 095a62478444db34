/** Waits between attempts to connect. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import {
  isUnheard,
  type LanesEnded,
  laneSilenceMs,
  retryDelay,
} from '../../../packages/tui/src/client/backoff.ts';

const heard = { awayMs: 60_000, unheard: false };
const unheard = { attempt: 40, unheard: true };

test('a server that does not let us in is asked half as often each time, down to every half minute', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((attempt) => retryDelay({ ...heard, attempt }, 1)),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
});

test('where nobody answers, a wait is a small part of the time without a connection', () => {
  assert.deepEqual(
    [0, 10, 30, 60, 300, 3600, 86_400].map((s) => retryDelay({ ...unheard, awayMs: 1000 * s }, 1)),
    [500, 500, 1200, 2400, 12_000, 30_000, 30_000],
  );
});

test('is spread over the second half of each wait', () => {
  assert.equal(retryDelay({ ...heard, attempt: 1 }, 0), 250);
  assert.equal(retryDelay({ ...heard, attempt: 3 }, 0.5), 1500);
  assert.equal(retryDelay({ ...unheard, awayMs: 1e9 }, 0), 15_000);
});

test('only what the system says for itself has cost no server anything', () => {
  const because = (code: Code, cause?: string): FerryError =>
    new FerryError(code, 'x', {
      cause: cause === undefined ? undefined : Object.assign(new Error('x'), { code: cause }),
    });
  for (const cause of ['ECONNREFUSED', 'ENETUNREACH', 'ENOTFOUND'])
    assert.ok(isUnheard(because(Code.CONNECT_FAILED, cause)), cause);
  assert.ok(isUnheard(because(Code.TIMEOUT, 'ETIMEDOUT')));
  for (const error of [
    because(Code.TIMEOUT),
    because(Code.CONNECT_FAILED, 'ECONNRESET'),
    because(Code.CONNECT_FAILED),
    because(Code.BUSY, 'ECONNREFUSED'),
  ])
    assert.ok(!isUnheard(error), error.codeName);
});

test('lanes of a busy machine were ended each second, until the file had failed', () => {
  let ended: LanesEnded | undefined;
  const allowed: number[] = [];
  for (let i = 0; i < 6; i++) {
    allowed.push(laneSilenceMs(0, ended, 5000 * i));
    ended = { atMs: 5000 * i, allowedMs: allowed.at(-1) ?? 0 };
  }
  assert.deepEqual(allowed, [1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(laneSilenceMs(0, ended, 5000 * 5 + 60_000), 1000, 'a minute later it was the net');
  assert.equal(laneSilenceMs(2000, undefined, 0), 6000, 'a line that is full answers late');
  assert.equal(
    laneSilenceMs(60_000, undefined, 0),
    15_000,
    'an answer from before the net went says nothing',
  );
});
