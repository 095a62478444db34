/** What a user's action and answers make of one job's row. Pure; called by queue-store.ts within its transaction. */

import { type Path, samePath } from '@ferry/protocol';
import { isOver, type JobId, type JobPhase } from '../engine/job.ts';
import { type Answer, ruleOf } from '../transfer/conflict.ts';
import type { Reordering } from './reorder.ts';
import {
  type Fact,
  noFigures,
  phaseOf,
  type QueueSettings,
  type StoredJob,
  type Wish,
} from './stored-job.ts';

export type AskOne = 'pause' | 'resume' | 'cancel' | 'retry' | 'overwrite';
export type Ask = AskOne | Reordering;

export type Change = { readonly wish?: Partial<Wish>; readonly fact?: Partial<Fact> };

/** Nothing for an action that does not fit the job's phase. */
export function asked(what: AskOne, { wish, fact }: StoredJob, phase: JobPhase): Change {
  switch (what) {
    case 'retry':
    case 'overwrite': {
      if (phase !== 'failed') return {};
      const attempt = wish.attempt + 1;
      const rule = what === 'overwrite' ? ({ existing: 'overwrite', allowEmpty: false } as const) : {};
      const begun: Partial<Fact> = { phase: 'waiting', figures: noFigures, endedMs: undefined };
      return { wish: { attempt, paused: false, ...rule }, fact: begun };
    }
    case 'cancel':
      if (phase === 'failed') return { wish: { cancelled: true }, fact: { ...fact, phase: 'cancelled' } };
      return isOver(phase) ? {} : { wish: { cancelled: true } };
    case 'pause':
    case 'resume':
      return isOver(phase) ? {} : { wish: { paused: what === 'pause' } };
  }
}

/** An answer as a wish. What is said for more than one file also holds for names that are met later. */
function answered({ wish, fact }: StoredJob, answer: Answer, sourcePath: Path): Partial<Wish> {
  const { question } = fact;
  if (question === undefined || !samePath(question.sourcePath, sourcePath)) return {};
  const next = { count: (wish.answer?.count ?? 0) + 1, sourcePath, answer };
  if (answer.scope === 'this') return { answer: next };
  const { policy: existing, allowEmpty = false } = ruleOf(question, answer);
  return { answer: next, existing, allowEmpty: answer.scope === 'job' && allowEmpty };
}

/**
 * An answer of one job's user, as wishes of all jobs that it is for. The others ask no more about what the policy settles, and
 * never let empty files replace others: that is said for one file or one job.
 */
export function answersOf(
  jobs: readonly StoredJob[],
  to: { readonly id: JobId; readonly sourcePath: Path; readonly answer: Answer },
  settings: QueueSettings,
): readonly (readonly [StoredJob, Partial<Wish>])[] {
  const { scope, policy } = to.answer;
  return jobs.flatMap((job) => {
    if (job.id === to.id) return [[job, answered(job, to.answer, to.sourcePath)]];
    const isMeant = scope === `all-${job.order.direction}s` && !isOver(phaseOf(job, settings));
    return isMeant ? [[job, { existing: policy, allowEmpty: false }]] : [];
  });
}
