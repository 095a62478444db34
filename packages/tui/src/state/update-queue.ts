/** Keys in the queue, and what the engine tells about jobs. Pure; UI thread. */

import { trusted } from '@ferry/protocol';
import type { EngineEvent, JobAction } from '../engine/engine.ts';
import { isOver, type Job } from '../engine/job.ts';
import type { Action } from '../keymap/keymap.ts';
import { queueRows } from './layout.ts';
import type { Next } from './next.ts';
import { type AppState, type Queue, runningJobs } from './state.ts';
import { steppedTo } from './step.ts';

/** Samples that the graph remembers; five a second. */
const historySamples = 150;

export function actInQueue(state: AppState, action: Action): Next {
  const { queue } = state;
  const page = queueRows(state.size);
  const job = queue.jobs[queue.cursor];
  const act = (what: JobAction): Next => [
    state,
    job === undefined ? [] : [{ kind: 'act', action: what, ids: [job.id] }],
  ];
  const row = steppedTo(action, queue.cursor, page, queue.jobs.length);
  if (row !== undefined) return [{ ...state, queue: withCursor(queue, row, page) }, []];
  switch (action) {
    case 'pause-job':
      return act(job?.phase === 'paused' ? 'resume' : 'pause');
    case 'cancel-job':
      return act('cancel');
    case 'retry-job':
      return act('retry');
    case 'overwrite-job':
      return act('overwrite');
    case 'job-details':
      return job === undefined
        ? [state, []]
        : [{ ...state, dialog: { kind: 'details', job: job.id, top: 0 } }, []];
    case 'clear-jobs':
      return [state, [{ kind: 'clear' }]];
    case 'pause-all':
      return togglePauseAll(state);
    case 'panes':
      return [{ ...state, focus: 'remote' }, []];
    case 'help':
      return [{ ...state, dialog: { kind: 'help', top: 0 } }, []];
    case 'quit':
      return quit(state);
    default:
      return [state, []];
  }
}

/** Leaves at once, or asks while something is not finished. */
export function quit(state: AppState): Next {
  const running = runningJobs(state).length;
  if (running === 0) return [{ ...state, isQuitting: true }, [{ kind: 'quit' }]];
  const jobs = running === 1 ? 'one job is' : `${running} jobs are`;
  const lines = [trusted(`${jobs} not finished.`), trusted('They go on when ferry is started again.')];
  return [
    { ...state, dialog: { kind: 'question', title: trusted('Quit?'), lines, question: { about: 'quit' } } },
    [],
  ];
}

/** Pauses everything, or, when nothing is left to pause, lets everything go on. */
export function togglePauseAll(state: AppState): Next {
  const running = runningJobs(state);
  const active = running.filter(({ phase }) => phase !== 'paused');
  const ids = (active.length > 0 ? active : running).map(({ id }) => id);
  return [
    state,
    ids.length === 0 ? [] : [{ kind: 'act', action: active.length > 0 ? 'pause' : 'resume', ids }],
  ];
}

export function withJobs(
  state: AppState,
  { changed, removed, totals }: EngineEvent & { kind: 'jobs' },
): AppState {
  const { queue } = state;
  const byId = new Map(queue.jobs.map((job) => [job.id, job]));
  for (const job of changed) byId.set(job.id, job);
  for (const id of removed) byId.delete(id);
  const jobs = [...byId.values()].toSorted((a, b) => a.place - b.place);
  const history = [...queue.history, totals.rate].slice(-historySamples);
  const next = { ...queue, jobs, totals, history };
  // Who is not looking at the queue sees what moves; who is keeps the place.
  const cursor = state.focus === 'queue' ? queue.cursor : firstOfInterest(jobs);
  return { ...state, queue: withCursor(next, cursor, queueRows(state.size)) };
}

function firstOfInterest(jobs: readonly Job[]): number {
  const active = jobs.findIndex(({ phase }) => !isOver(phase));
  return active < 0 ? jobs.length - 1 : active;
}

function withCursor(queue: Queue, row: number, page: number): Queue {
  const cursor = Math.min(Math.max(0, row), Math.max(0, queue.jobs.length - 1));
  const lowest = Math.max(0, cursor - page + 1);
  const top = Math.min(
    Math.max(lowest, Math.min(queue.top, cursor)),
    Math.max(lowest, queue.jobs.length - page, 0),
  );
  return { ...queue, cursor, top };
}
