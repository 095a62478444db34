/** Questions of jobs about names that are taken: when they are asked, and what keys make of them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EntryKind, type Path, pathFromText } from '@ferry/protocol';
import { bindings } from '@ferry/tui/keymap/keymap';
import { type ConflictFacts, decide, type Question } from '@ferry/tui/transfer/conflict';
import { Driven, file, folder, job, jobs } from '../support/drive.ts';

function question(id: number, name = 'a', change: Partial<ConflictFacts> = {}): Question {
  const decision = decide('ask', {
    job: id,
    direction: 'download',
    sourcePath: pathFromText(`share/${name}`),
    targetPath: pathFromText(`home/${name}`),
    source: { kind: EntryKind.file, size: 200, modified: { s: 2000, ns: 0 } },
    target: { kind: EntryKind.file, size: 100, modified: { s: 1000, ns: 0 } },
    ...change,
  });
  assert.ok(decision.do === 'ask');
  return decision.question;
}

const asking = (id: number, name?: string, change?: Partial<ConflictFacts>) =>
  job(id, { question: question(id, name, change) });

/** Whose question is on the screen. */
function asked({ state: { dialog } }: Driven): string | undefined {
  return dialog?.kind === 'conflict'
    ? `${dialog.question.job} ${dialog.question.sourcePath.at(-1)}`
    : undefined;
}

/** What was answered since the last look. */
function answers(driven: Driven): unknown[] {
  return driven.taken().filter((cmd) => cmd.kind !== 'list' && cmd.kind !== 'space');
}

function chosen({ state: { dialog } }: Driven): string | undefined {
  return dialog?.kind === 'conflict' && dialog.chosen !== undefined
    ? dialog.question.answers[dialog.chosen]
    : undefined;
}

function sourceOf(driven: Driven, id: number): Path {
  return driven.state.queue.jobs.find((job) => job.id === id)?.question?.sourcePath ?? [];
}

describe('a question about a name that is taken', () => {
  test('opens by itself, and each answer goes to its job', () => {
    const driven = jobs(new Driven(), job(1), asking(2));
    answers(driven);
    assert.equal(asked(driven), '2 a');
    driven.press('o', 'enter');
    assert.deepEqual(answers(driven), [
      {
        kind: 'answer',
        job: 2,
        sourcePath: sourceOf(driven, 2),
        answer: { policy: 'overwrite', scope: 'this' },
      },
    ]);
    assert.equal(driven.state.dialog, undefined);
  });

  test('is not answered by keys that were meant for the pane it came over', () => {
    const driven = new Driven().list('remote', folder('d'), file('a'));
    jobs(driven, asking(1));
    answers(driven);
    driven.press('enter', 'space', 'f5', 'f8', 'delete', 'y', 'enter', 'x', 'home');
    assert.deepEqual([answers(driven), asked(driven), chosen(driven)], [[], '1 a', undefined]);
    // Walking chooses the most harmless one first, and a letter chooses without answering.
    assert.equal(chosen(driven.press('down')), 'skip');
    assert.equal(chosen(driven.press('o')), 'overwrite');
    assert.deepEqual(answers(driven), []);
  });

  test('↑ ↓ walk the answers within their ends; a letter that is no answer here does nothing', () => {
    const folderThere = { kind: EntryKind.folder, size: 0, modified: { s: 0, ns: 0 } };
    const driven = jobs(new Driven(), asking(1, 'a', { target: folderThere }));
    assert.equal(chosen(driven.press('up')), 'skip');
    assert.equal(chosen(driven.press('down')), 'skip');
    assert.equal(chosen(driven.press('up')), 'keep-both');
    assert.equal(chosen(driven.press('up', 'up')), 'keep-both');
    assert.equal(chosen(driven.press('o', 'n', 'r')), 'keep-both');
  });

  test('every answer has a letter, and each letter chooses its answer', () => {
    const driven = jobs(new Driven(), asking(1));
    const letters = bindings.conflict.filter(({ action }) => action.startsWith('choose-'));
    assert.deepEqual(
      letters.map(({ keys: [key = ''] }) => chosen(driven.press(key))),
      driven.state.dialog?.kind === 'conflict' ? driven.state.dialog.question.answers : [],
    );
  });

  test('Tab goes from this one to the job and to all of its direction, and round; back as well', () => {
    const driven = jobs(new Driven(), asking(1, 'a', { direction: 'upload' }));
    const scope = (): string => (driven.state.dialog?.kind === 'conflict' ? driven.state.dialog.scope : '');
    const seen = ['tab', 'right', 'tab', 'left', 'S-tab'].map((key) => {
      driven.press(key);
      return scope();
    });
    assert.deepEqual(seen, ['job', 'all-uploads', 'this', 'all-uploads', 'job']);
    driven.taken();
    assert.deepEqual(answers(driven.press('k', 'enter')), [
      {
        kind: 'answer',
        job: 1,
        sourcePath: sourceOf(driven, 1),
        answer: { policy: 'keep-both', scope: 'job' },
      },
    ]);
  });

  test('waits while another dialog has the keyboard', () => {
    const driven = new Driven().list('remote').press('f7', 'n');
    jobs(driven, asking(1));
    assert.equal(driven.state.dialog?.kind, 'prompt');
    assert.equal(asked(driven.press('escape')), '1 a');
  });

  test('the next job’s follows; what an engine tells late is not asked twice', () => {
    const driven = jobs(new Driven(), asking(1), asking(2));
    assert.equal(asked(driven.press('s', 'enter')), '2 a');
    jobs(driven, asking(1));
    assert.equal(asked(driven.press('s', 'enter')), undefined);
    jobs(driven, asking(1), asking(2));
    assert.equal(asked(driven), undefined);
    // Another one of the same job is another one, and so is the same one once it was gone.
    assert.equal(asked(jobs(driven, asking(1, 'b'))), '1 b');
    driven.press('s', 'enter');
    jobs(driven, job(1), job(2));
    assert.equal(asked(jobs(driven, asking(2))), '2 a');
  });

  test('a job that asked again was taken for answered, and waited for ever: its new question opens', () => {
    const again = (askedMs: number) => job(1, { question: { ...question(1), askedMs } });
    const driven = jobs(new Driven(), again(1000));
    driven.press('o', 'enter');
    jobs(driven, again(1000));
    assert.equal(asked(driven), undefined, 'told late');
    jobs(driven, again(2000));
    assert.equal(asked(driven), '1 a');
  });

  test('an answer for all downloads is not asked for again, save where it says nothing', () => {
    const empty = { kind: EntryKind.file, size: 0, modified: { s: 5000, ns: 0 } };
    const driven = jobs(
      new Driven(),
      asking(1),
      asking(2),
      asking(3, 'up', { direction: 'upload' }),
      asking(4, 'empty', { source: empty }),
    );
    driven.press('o', 'tab', 'tab', 'enter');
    assert.equal(asked(driven), '3 up');
    assert.equal(asked(driven.press('s', 'enter')), '4 empty');
    assert.equal(asked(driven.press('s', 'enter')), undefined);
  });

  test('Esc puts all of them off; Enter on a job in the queue asks again', () => {
    const driven = jobs(new Driven(), job(1), asking(2), asking(3)).press('escape');
    assert.match(driven.state.notice?.text ?? '', /2 jobs wait/);
    jobs(driven, asking(2), asking(3));
    assert.equal(asked(driven), undefined);
    driven.press('w', 'end', 'enter');
    assert.equal(asked(driven), '3 a');
    assert.equal(asked(driven.press('s', 'enter')), '2 a');
    // A job that asks for the first time is heard even so.
    driven.press('escape');
    assert.equal(asked(jobs(driven, asking(4))), '4 a');
  });

  test('closes when the job no longer asks it', () => {
    const driven = jobs(new Driven(), asking(1), asking(2)).press('o');
    jobs(driven, job(1, { phase: 'cancelled' }));
    assert.deepEqual([asked(driven), chosen(driven)], ['2 a', undefined]);
    jobs(driven, asking(2, 'b'));
    assert.equal(asked(driven), '2 b');
    const totals = { doneBytes: 0, totalBytes: 0, rate: 0 };
    driven.post({ kind: 'engine', event: { kind: 'jobs', changed: [], removed: [2], totals } });
    assert.equal(driven.state.dialog, undefined);
  });

  test('figures that come meanwhile leave what was chosen', () => {
    const driven = jobs(new Driven(), asking(1)).press('n', 'tab');
    jobs(driven, { ...asking(1), doneBytes: 50 }, job(7));
    assert.deepEqual([asked(driven), chosen(driven)], ['1 a', 'newer']);
  });
});
