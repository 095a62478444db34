/**
 * Questions that jobs ask about names that are taken: when a dialog opens, what keys do in it, and which answer leaves it.
 * Pure; UI thread.
 *
 * The dialog comes by itself, in the middle of whatever is being typed. So no answer is chosen at first, the first step chooses
 * the most harmless one, and letters choose but do not answer.
 */

import { EntryKind } from '@ferry/protocol';
import type { Job } from '../engine/job.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import {
  type Answer,
  type AnswerScope,
  type ConflictPolicy,
  decide,
  type Question,
} from '../transfer/conflict.ts';
import { conflictOf, type Dialog, scopesOf } from './dialog.ts';
import type { Next } from './next.ts';
import { conflictTexts } from './queue-texts.ts';
import { ruledBy } from './replacing.ts';
import type { AppState, Handled } from './state.ts';
import { type Undo, withUndo } from './undo.ts';

type Conflict = Dialog & { readonly kind: 'conflict' };

const choices: Partial<Record<Action, ConflictPolicy>> = {
  'choose-overwrite': 'overwrite',
  'choose-newer': 'newer',
  'choose-size-differs': 'size-differs',
  'choose-content-differs': 'content-differs',
  'choose-resume': 'resume',
  'choose-keep-both': 'keep-both',
  'choose-skip': 'skip',
};

export function actInConflict(state: AppState, dialog: Conflict, action: Action): Next {
  const { answers } = dialog.question;
  const choose = (chosen: number): Next => [{ ...state, dialog: { ...dialog, chosen } }, []];
  const policy = choices[action];
  if (policy !== undefined) return answers.includes(policy) ? choose(answers.indexOf(policy)) : [state, []];
  switch (action) {
    case 'up':
    case 'down': {
      const last = answers.length - 1;
      const step = action === 'up' ? -1 : 1;
      return choose(dialog.chosen === undefined ? last : Math.min(Math.max(0, dialog.chosen + step), last));
    }
    case 'next-scope':
      return [{ ...state, dialog: { ...dialog, scope: scopeBeside(dialog, 1) } }, []];
    case 'previous-scope':
      return [{ ...state, dialog: { ...dialog, scope: scopeBeside(dialog, -1) } }, []];
    case 'accept':
      return accepted(state, dialog);
    case 'no':
      return [postponed(state), []];
    default:
      return [state, []];
  }
}

/** All who ask now, not only this one: who does not want to think of names now is not asked about the next at once. */
function postponed(state: AppState): AppState {
  const { asking } = state.queue;
  const queue = keyName(keyOf(state.keymap, 'pane', 'queue'));
  const notice = { text: conflictTexts.postponed(asking.length, queue), isError: false };
  const handled = { ...state.handled, postponed: new Set(asking.map(({ id }) => id)) };
  return { ...state, dialog: undefined, handled, notice };
}

function scopeBeside({ question, scope }: Conflict, step: number): AnswerScope {
  const scopes = scopesOf(question);
  return scopes[(scopes.indexOf(scope) + step + scopes.length) % scopes.length] ?? 'this';
}

function accepted(state: AppState, { question, chosen, scope }: Conflict): Next {
  const policy = chosen === undefined ? undefined : question.answers[chosen];
  if (policy === undefined) {
    return [{ ...state, notice: { text: conflictTexts.chooseFirst, isError: false } }, []];
  }
  const answer: Answer = { policy, scope };
  const answered = new Map(state.handled.answered).set(question.job, question);
  if (scope === 'all-uploads' || scope === 'all-downloads') {
    for (const job of state.queue.asking)
      if (job.question !== undefined && isSettled(job.question, question, policy))
        answered.set(job.id, job.question);
  }
  // Who answers one of them again wants to hear of the others, too.
  const undo = overwrittenBy(state, question, answer);
  const next = undo === undefined ? state : withUndo(state, undo);
  const rules = ruledBy(state, question.job, policy, scope);
  const marking = rules.length === 0 ? {} : { rules };
  return [
    { ...next, dialog: undefined, handled: { postponed: new Set(), answered } },
    [{ kind: 'answer', job: question.job, sourcePath: question.sourcePath, answer, ...marking }],
  ];
}

/** The one file that is replaced on a server, and can be had back from there; what a rule replaces is asked for later. */
function overwrittenBy(state: AppState, question: Question, { policy, scope }: Answer): Undo | undefined {
  const { direction, target, targetPath } = question;
  if (direction !== 'upload' || policy !== 'overwrite' || scope !== 'this' || target.kind !== EntryKind.file)
    return undefined;
  const where = state.queue.jobs.find(({ id }) => id === question.job)?.server;
  if (where === undefined) return undefined;
  return { kind: 'overwritten', where, files: [{ path: targetPath, bytes: target.size }] };
}

/** Whether what was said for all of a direction answers another job's question, too. */
function isSettled(other: Question, said: Question, policy: ConflictPolicy): boolean {
  return other.direction === said.direction && decide(policy, other, { mayAsk: true }).do !== 'ask';
}

function isSame(a: Question | undefined, b: Question | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.job === b.job &&
    a.askedMs === b.askedMs &&
    a.why === b.why &&
    a.sourcePath.join('/') === b.sourcePath.join('/') &&
    a.targetPath.join('/') === b.targetPath.join('/')
  );
}

/** After news of jobs: forgets what was done about questions that are gone, their dialog included. */
export function withoutOldQuestions(state: AppState): AppState {
  const { dialog, handled, queue } = state;
  if (dialog?.kind !== 'conflict' && handled.postponed.size === 0 && handled.answered.size === 0)
    return state;
  const byId = new Map(queue.asking.map(({ id, question }) => [id, question]));
  const isGone = dialog?.kind === 'conflict' && !isSame(byId.get(dialog.question.job), dialog.question);
  return {
    ...state,
    dialog: isGone ? undefined : dialog,
    handled: {
      postponed: new Set([...handled.postponed].filter((id) => byId.has(id))),
      answered: new Map([...handled.answered].filter(([id, question]) => isSame(byId.get(id), question))),
    },
  };
}

/** Opens the dialog of the first job that asks and was not heard yet, unless another dialog has the keyboard. */
export function withNextQuestion(state: AppState): AppState {
  const { dialog, handled, queue } = state;
  if (dialog !== undefined || state.viewer !== undefined || queue.asking.length === 0) return state;
  const job = queue.asking.find((one) => isOpen(one, handled) && !handled.postponed.has(one.id));
  return job?.question === undefined ? state : { ...state, dialog: conflictOf(job.question) };
}

function isOpen({ id, question }: Job, { answered }: Handled): boolean {
  return !isSame(answered.get(id), question);
}
