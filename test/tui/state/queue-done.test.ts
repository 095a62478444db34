/** When the queue is said to be done, and that a changed identity is not said in one line. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, FerryError, toWireError } from '@ferry/protocol';
import type { Job } from '@ferry/tui/engine/job';
import { Driven, job, jobs } from '../support/drive.ts';

const minute = 60_000;

function told(driven: Driven, ...changed: readonly Job[]): string[] {
  driven.taken();
  jobs(driven, ...changed);
  return driven.taken().flatMap((cmd) => (cmd.kind === 'notify' ? [cmd.words] : []));
}

describe('the end of the queue', () => {
  test('is told once, when it took long', () => {
    const driven = new Driven();
    assert.deepEqual(
      told(driven, job(1, { addedMs: 1000 }), job(2, { addedMs: 5000, phase: 'waiting' })),
      [],
    );
    assert.deepEqual(told(driven, job(1, { addedMs: 1000, phase: 'done', endedMs: minute })), []);
    const failed = job(2, { addedMs: 5000, phase: 'failed', endedMs: 2 * minute });
    assert.deepEqual(told(driven, failed), ['1 failed, one job is done']);
    assert.deepEqual(told(driven, failed), []);
  });

  test('is not told when it was short, when all was cancelled, or of what ended before', () => {
    const driven = new Driven();
    assert.deepEqual(told(driven, job(1, { phase: 'done', endedMs: 5000 })), []);
    assert.deepEqual(told(driven, job(2, { addedMs: minute })), []);
    assert.deepEqual(told(driven, job(2, { addedMs: minute, phase: 'done', endedMs: minute + 3000 })), []);
    assert.deepEqual(told(driven, job(3, { addedMs: minute })), []);
    assert.deepEqual(told(driven, job(3, { addedMs: minute, phase: 'cancelled', endedMs: 90 * minute })), []);
    assert.deepEqual(told(driven, job(4, { addedMs: 20 * minute })), []);
    assert.deepEqual(told(driven, job(4, { addedMs: 20 * minute, phase: 'done', endedMs: 30 * minute })), [
      'one job is done',
    ]);
  });

  test('a paused job does not hold it up', () => {
    const driven = new Driven();
    told(driven, job(1), job(2, { phase: 'paused' }));
    assert.deepEqual(told(driven, job(1, { phase: 'done', endedMs: minute })), ['one job is done']);
  });
});

test('a server that is another when it comes back stops everything, in so many words', () => {
  const driven = new Driven();
  const error = toWireError(new FerryError(Code.PIN_MISMATCH, 'not who you know:\n  known  a\n  shown  b'));
  driven.post({ kind: 'engine', event: { kind: 'connection', status: { phase: 'closed', error } } });
  assert.ok(driven.state.dialog?.kind === 'words');
  assert.deepEqual(driven.state.dialog.lines.slice(0, 3), ['not who you know:', '  known  a', '  shown  b']);
  driven.press('enter');
  assert.equal(driven.state.dialog, undefined);
});
