/**
 * The queue as its panel shows it: all jobs, those of the chosen view, cursor and marks. Pure values; UI thread. What a job
 * is and does, the engine knows; this only follows what it tells.
 */

import type { EngineEvent, QueueLimits, QueueStatus } from '../engine/engine.ts';
import { isOver, type Job, type JobId, type JobPhase, type Totals } from '../engine/job.ts';

export const queueViews = ['all', 'active', 'failed', 'done'] as const;
export type QueueView = (typeof queueViews)[number];

export type Queue = {
  /** Every job, in order of its place. */
  readonly jobs: readonly Job[];
  /** Those that have a question, in order. */
  readonly asking: readonly Job[];
  /** Counted once per telling: the title shows them in each frame. */
  readonly counts: Readonly<Record<JobPhase, number>>;
  readonly view: QueueView;
  /** The rows: the jobs of the view. */
  readonly shown: readonly Job[];
  /** Some of the rows; what leaves the view loses its mark, so that a key never acts on what is not seen. */
  readonly marks: ReadonlySet<JobId>;
  /** A row of `shown`. */
  readonly cursor: number;
  readonly top: number;
  readonly totals: Totals;
  /** Bytes per second of everything, one sample a telling, newest last. */
  readonly history: readonly number[];
  readonly pausedAll: boolean;
  readonly limits: QueueLimits;
  readonly moves: QueueStatus['moves'];
  /** While something moves or waits to: since when (milliseconds since 1970), and what was over before. */
  readonly busy: { readonly sinceMs: number; readonly done: number; readonly failed: number } | undefined;
};

/** Samples that the graph remembers; five a second. */
const historySamples = 150;

const noCounts: Queue['counts'] = { waiting: 0, moving: 0, paused: 0, done: 0, failed: 0, cancelled: 0 };

export const emptyQueue: Queue = {
  jobs: [],
  asking: [],
  counts: noCounts,
  view: 'all',
  shown: [],
  marks: new Set(),
  cursor: 0,
  top: 0,
  totals: { doneBytes: 0, totalBytes: 0, rate: 0 },
  history: [],
  pausedAll: false,
  limits: { up: undefined, down: undefined, timetable: '' },
  moves: 'here',
  busy: undefined,
};

export function jobAtCursor({ shown, cursor }: Queue): Job | undefined {
  return shown[cursor];
}

/** The marked jobs in order of the rows, or the one under the cursor. */
export function chosenJobs(queue: Queue): readonly Job[] {
  if (queue.marks.size > 0) return queue.shown.filter(({ id }) => queue.marks.has(id));
  const job = jobAtCursor(queue);
  return job === undefined ? [] : [job];
}

function isIn(view: QueueView, { phase }: Job): boolean {
  switch (view) {
    case 'all':
      return true;
    case 'active':
      return !isOver(phase);
    case 'failed':
      return phase === 'failed';
    case 'done':
      return phase === 'done' || phase === 'cancelled';
  }
}

function shownIn(view: QueueView, jobs: readonly Job[]): readonly Job[] {
  return view === 'all' ? jobs : jobs.filter((job) => isIn(view, job));
}

/** Puts the cursor on a row and the window of `page` rows around it. */
export function withQueueCursor(queue: Queue, row: number, page: number): Queue {
  const cursor = Math.min(Math.max(0, row), Math.max(0, queue.shown.length - 1));
  const lowest = Math.max(0, cursor - page + 1);
  const top = Math.min(
    Math.max(lowest, Math.min(queue.top, cursor)),
    Math.max(lowest, queue.shown.length - page, 0),
  );
  return { ...queue, cursor, top };
}

/** Shows other jobs; the cursor stays on its job where that is among them, and marks are gone. */
export function withView(queue: Queue, view: QueueView, page: number): Queue {
  const shown = shownIn(view, queue.jobs);
  const at = jobAtCursor(queue)?.id;
  const found = at === undefined ? -1 : shown.findIndex(({ id }) => id === at);
  const next = { ...queue, view, shown, marks: emptyQueue.marks };
  return withQueueCursor(next, found >= 0 ? found : firstOfInterest(shown), page);
}

/** @param isFollowed nobody looks at the panel: it shows by itself what moves, instead of keeping its place */
export function withNews(
  queue: Queue,
  { changed, removed, totals }: EngineEvent & { kind: 'jobs' },
  page: number,
  isFollowed: boolean,
): Queue {
  const jobs = merged(queue.jobs, changed, removed);
  const shown = shownIn(queue.view, jobs);
  const counts = { ...noCounts };
  const asking: Job[] = [];
  for (const job of jobs) {
    counts[job.phase] += 1;
    if (job.question !== undefined) asking.push(job);
  }
  const next: Queue = {
    ...queue,
    jobs,
    asking,
    counts,
    shown,
    totals,
    history: [...queue.history, totals.rate].slice(-historySamples),
    marks:
      queue.marks.size === 0
        ? queue.marks
        : new Set(shown.filter(({ id }) => queue.marks.has(id)).map(({ id }) => id)),
  };
  return withQueueCursor(next, isFollowed ? firstOfInterest(shown) : rowNow(queue, shown), page);
}

/** The row of the job under the cursor, or where it was. */
function rowNow(queue: Queue, shown: readonly Job[]): number {
  const at = jobAtCursor(queue)?.id;
  if (at === undefined || shown[queue.cursor]?.id === at) return queue.cursor;
  const found = shown.findIndex(({ id }) => id === at);
  return found >= 0 ? found : queue.cursor;
}

function firstOfInterest(jobs: readonly Job[]): number {
  const active = jobs.findIndex(({ phase }) => !isOver(phase));
  return active < 0 ? jobs.length - 1 : active;
}

/** Where only figures changed, which is nearly always, nothing is sorted: a queue may hold a hundred thousand jobs. */
function merged(jobs: readonly Job[], changed: readonly Job[], removed: readonly JobId[]): readonly Job[] {
  const rows = changed.map((job) => rowOfPlace(jobs, job.place));
  if (removed.length === 0 && changed.every((job, i) => jobs[rows[i] ?? -1]?.id === job.id)) {
    const next = [...jobs];
    for (const [i, job] of changed.entries()) next[rows[i] ?? 0] = job;
    return next;
  }
  const byId = new Map(jobs.map((job) => [job.id, job]));
  for (const job of changed) byId.set(job.id, job);
  for (const id of removed) byId.delete(id);
  return [...byId.values()].toSorted((a, b) => a.place - b.place);
}

/** Of a list in order of place; beyond its end or at another one where there is no such place. */
function rowOfPlace(jobs: readonly Job[], place: number): number {
  let low = 0;
  let high = jobs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((jobs[middle]?.place ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
