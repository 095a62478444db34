/** Keys in the queue, and what the engine tells about jobs. Pure; UI thread. */

import { type Shown, showName } from '@ferry/protocol';
import type { EngineEvent, JobAction } from '../engine/engine.ts';
import { isOver, type Job, type JobId, type Priority } from '../engine/job.ts';
import type { Action } from '../keymap/keymap.ts';
import { formatRate } from '../transfer/timetable.ts';
import { conflictOf, type Dialog, type Question } from './dialog.ts';
import { field } from './edit-line.ts';
import { queueRows } from './layout.ts';
import type { Next } from './next.ts';
import { openPalette } from './palette.ts';
import {
  chosenJobs,
  jobAtCursor,
  type Queue,
  queueViews,
  withNews,
  withQueueCursor,
  withView,
} from './queue.ts';
import { withBusy } from './queue-done.ts';
import { queueTexts } from './queue-texts.ts';
import { afterRules } from './replacing.ts';
import { type AppState, runningJobs } from './state.ts';
import { steppedTo } from './step.ts';
import { withNextQuestion, withoutOldQuestions } from './update-conflict.ts';
import { unsaved } from './update-edit.ts';

const priorities: Partial<Record<Action, Priority>> = {
  'priority-1': 1,
  'priority-2': 2,
  'priority-3': 3,
  'priority-4': 4,
  'priority-5': 5,
};

export function actInQueue(state: AppState, action: Action): Next {
  const { queue } = state;
  const page = queueRows(state.size);
  const row = steppedTo(action, queue.cursor, page, queue.shown.length);
  if (row !== undefined) return [{ ...state, queue: withQueueCursor(queue, row, page) }, []];
  const priority = priorities[action];
  if (priority !== undefined) return onOpen(state, (ids) => [state, [{ kind: 'priority', priority, ids }]]);
  switch (action) {
    case 'mark':
      return [{ ...state, queue: markedAndDown(queue, page) }, []];
    case 'invert':
      return [withMarks(state, (id) => !queue.marks.has(id)), []];
    case 'mark-all':
      return [withMarks(state, () => true), []];
    case 'unmark':
      return queue.marks.size > 0 ? [withMarks(state, () => false), []] : [{ ...state, focus: 'remote' }, []];
    case 'pause-job':
      return onOpen(state, (ids, jobs) => {
        const active = jobs.filter(({ phase }) => phase !== 'paused');
        return active.length > 0 ? act(state, 'pause', idsOf(active)) : act(state, 'resume', ids);
      });
    case 'cancel-job':
      return onThose(
        state,
        ({ phase }) => phase !== 'done' && phase !== 'cancelled',
        queueTexts.isOverAlready,
        (ids, jobs) =>
          ask(state, queueTexts.cancel, [namesOf(jobs), queueTexts.cancelled], { about: 'cancel', ids }),
      );
    case 'retry-job':
      return onThose(state, isFailed, queueTexts.notFailed, (ids) => act(state, 'retry', ids));
    case 'retry-all':
      return act(state, 'retry', idsOf(queue.jobs.filter(isFailed)));
    case 'overwrite-job':
      return onThose(state, isFailed, queueTexts.notFailed, (ids, jobs) =>
        ask(state, queueTexts.overwrite, [namesOf(jobs), queueTexts.overwritten], {
          about: 'overwrite',
          ids,
        }),
      );
    case 'job-up':
      return onOpen(state, (ids) => act(state, 'up', ids));
    case 'job-down':
      return onOpen(state, (ids) => act(state, 'down', ids));
    case 'job-top':
      return onOpen(state, (ids) => act(state, 'top', ids));
    case 'limit-job':
      return onOpen(state, (ids, jobs) => [{ ...state, dialog: limitPrompt(ids, jobs) }, []]);
    case 'limit-all':
      return [{ ...state, dialog: limitsPrompt(queue) }, []];
    case 'next-view': {
      const view = queueViews[(queueViews.indexOf(queue.view) + 1) % queueViews.length] ?? 'all';
      return [{ ...state, queue: withView(queue, view, page) }, []];
    }
    case 'job-details': {
      const job = jobAtCursor(queue);
      if (job === undefined) return [state, []];
      if (job.question !== undefined) return [{ ...state, dialog: conflictOf(job.question) }, []];
      return [{ ...state, dialog: { kind: 'details', job: job.id, top: 0 } }, []];
    }
    case 'clear-jobs':
      return clear(state);
    case 'pause-all':
      return togglePauseAll(state);
    case 'panes':
      return [{ ...state, focus: 'remote' }, []];
    case 'help':
      return [openPalette(state), []];
    case 'redraw':
    case 'suspend':
      return [state, [{ kind: action }]];
    case 'quit':
      return quit(state);
    default:
      return [state, []];
  }
}

function isFailed({ phase }: Job): boolean {
  return phase === 'failed';
}

function idsOf(jobs: readonly Job[]): readonly JobId[] {
  return jobs.map(({ id }) => id);
}

function act(state: AppState, action: JobAction, ids: readonly JobId[]): Next {
  return [state, ids.length === 0 ? [] : [{ kind: 'act', action, ids }]];
}

/** On those of the chosen jobs that it fits; where it fits none, that is said. */
function onThose(
  state: AppState,
  fits: (job: Job) => boolean,
  otherwise: Shown,
  then: (ids: readonly JobId[], jobs: readonly Job[]) => Next,
): Next {
  const jobs = chosenJobs(state.queue).filter(fits);
  if (jobs.length > 0) return then(idsOf(jobs), jobs);
  return [{ ...state, notice: { text: otherwise, isError: false } }, []];
}

function onOpen(state: AppState, then: (ids: readonly JobId[], jobs: readonly Job[]) => Next): Next {
  return onThose(state, ({ phase }) => !isOver(phase), queueTexts.isOver, then);
}

function ask(state: AppState, title: Shown, lines: readonly Shown[], question: Question): Next {
  return [{ ...state, dialog: { kind: 'question', title, lines, question } }, []];
}

function namesOf(jobs: readonly Job[]): Shown {
  const [first] = jobs;
  return queueTexts.names(showName(first?.source.at(-1) ?? '/'), jobs.length);
}

function withMarks(state: AppState, isMarked: (id: JobId) => boolean): AppState {
  const marks = new Set(idsOf(state.queue.shown).filter(isMarked));
  return { ...state, queue: { ...state.queue, marks } };
}

function markedAndDown(queue: Queue, page: number): Queue {
  const job = jobAtCursor(queue);
  if (job === undefined) return queue;
  const marks = new Set(queue.marks);
  if (!marks.delete(job.id)) marks.add(job.id);
  return withQueueCursor({ ...queue, marks }, queue.cursor + 1, page);
}

/** As a prompt shows it: nothing for none. */
function typedRate(rate: number | undefined): string {
  return rate === undefined ? '' : formatRate(rate);
}

/** Begins with the limit that all of them have already. */
function limitPrompt(ids: readonly JobId[], jobs: readonly Job[]): Dialog {
  const limit = jobs.every((job) => job.limit === jobs[0]?.limit) ? jobs[0]?.limit : undefined;
  return {
    kind: 'prompt',
    title: queueTexts.limitOf(jobs.length),
    fields: [field(queueTexts.limitLike, typedRate(limit))],
    field: 0,
    prompted: { about: 'limit', ids },
    error: undefined,
  };
}

function limitsPrompt({ limits }: Queue): Dialog {
  return {
    kind: 'prompt',
    title: queueTexts.limitOfAll,
    fields: [
      field(queueTexts.uploads, typedRate(limits.up)),
      field(queueTexts.downloads, typedRate(limits.down)),
      field(queueTexts.timetableLine, limits.timetable),
    ],
    field: 0,
    prompted: { about: 'limits' },
    error: undefined,
  };
}

/** Why something failed is known nowhere else, so forgetting that is asked about. */
function clear(state: AppState): Next {
  const { failed } = state.queue.counts;
  if (failed === 0) return [state, [{ kind: 'clear' }]];
  const lines = [queueTexts.clearFailed(failed), queueTexts.cleared];
  return ask(state, queueTexts.clear, lines, { about: 'clear' });
}

/** Leaves at once, or asks while something is not finished. */
export function quit(state: AppState): Next {
  const running = runningJobs(state).length;
  const copies = unsaved(state);
  const works = state.works.length;
  if (running === 0 && works === 0 && copies.length === 0)
    return [{ ...state, isQuitting: true }, [{ kind: 'quit' }]];
  const lines = [
    ...(running === 0 ? [] : [queueTexts.notFinished(running), queueTexts.goOnLater]),
    ...(works === 0 ? [] : [queueTexts.worksEnd(works)]),
    ...copies.map(({ name, place }) => queueTexts.notSaved(name, place)),
  ];
  return ask(state, queueTexts.quit, lines, { about: 'quit' });
}

/** Shown at once; the engine's own word about it follows. Also with nothing queued: what is added then waits. */
export function togglePauseAll(state: AppState): Next {
  const paused = !state.queue.pausedAll;
  return [{ ...state, queue: { ...state.queue, pausedAll: paused } }, [{ kind: 'pause-all', paused }]];
}

export function withJobs(state: AppState, event: EngineEvent & { kind: 'jobs' }): Next {
  const news = withNews(state.queue, event, queueRows(state.size), state.focus !== 'queue');
  const [queue, words] = withBusy(state.queue, news);
  const next = withNextQuestion(withoutOldQuestions({ ...state, queue }));
  const asked = afterRules(state, next, event.changed);
  return [next, words === undefined ? asked : [...asked, { kind: 'notify', words }]];
}
