/**
 * Uploads that replace files of a server by a rule, without asking for each: what the server's trash had before, so that what they
 * replaced is known when they are over, and can be taken back. Pure; UI thread.
 */

import type { Path } from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import { isOver, type Job, type JobId } from '../engine/job.ts';
import type { AnswerScope, ConflictPolicy } from '../transfer/conflict.ts';
import type { Cmd } from './cmd.ts';
import type { AppState } from './state.ts';

/** The newest of a trash at some moment, by the server's clock. */
export type TrashMark = { readonly ms: number; readonly ids: readonly string[] };

/** Which uploads to a server a rule is for; `all` also those that are queued later. */
export type Ruled = { readonly where: Where; readonly jobs: readonly JobId[] | 'all' };

export type Replacing = Ruled & { readonly mark: TrashMark };

/** So many rules are remembered; those of jobs that are over are not needed any more. */
const mostRules = 100;

const replacing: ReadonlySet<ConflictPolicy> = new Set<ConflictPolicy>([
  'overwrite',
  'newer',
  'size-differs',
  'content-differs',
  'resume',
]);

/** What an answer about an upload makes a rule for; nothing where it replaces one file that is known, or none. */
export function ruledBy(
  state: AppState,
  job: JobId,
  policy: ConflictPolicy,
  scope: AnswerScope,
): readonly Ruled[] {
  const uploads = state.queue.jobs.filter((one) => one.direction === 'upload' && !isOver(one.phase));
  const own = uploads.find(({ id }) => id === job);
  if (own === undefined || !replacing.has(policy)) return [];
  if (scope === 'this' && policy === 'overwrite') return [];
  if (scope !== 'all-uploads') return [{ where: own.server, jobs: [job] }];
  return [...new Set(uploads.map(({ server }) => server))].map((where) => ({ where, jobs: 'all' }));
}

/** Jobs that are tried again and are to replace what is there. */
export function ruledAnew({ queue }: AppState, ids: readonly JobId[]): readonly Ruled[] {
  const uploads = queue.jobs.filter(({ id, direction }) => direction === 'upload' && ids.includes(id));
  return [...Map.groupBy(uploads, ({ server }) => server)].map(([where, jobs]) => ({
    where,
    jobs: jobs.map(({ id }) => id),
  }));
}

/** A later rule for the same is the one that counts; for all of a server the first, as what it replaced is asked for by job. */
export function withRule(state: AppState, rule: Replacing): AppState {
  const isKnown =
    rule.jobs === 'all' && state.replacing.some((one) => one.where === rule.where && one.jobs === 'all');
  return isKnown ? state : { ...state, replacing: [...state.replacing, rule].slice(-mostRules) };
}

/** What is brought back puts a version into the trash that no upload has replaced: what later ones do is not told apart from it. */
export function withoutWideRules(state: AppState, where: Where): AppState {
  const rest = state.replacing.filter((rule) => rule.jobs !== 'all' || rule.where !== where);
  return rest.length === state.replacing.length ? state : { ...state, replacing: rest };
}

/** Asks what those of the jobs have replaced that are over since `before`. */
export function afterRules(before: AppState, state: AppState, changed: readonly Job[]): readonly Cmd[] {
  if (state.replacing.length === 0) return [];
  return changed.flatMap((job): Cmd[] => {
    if (job.direction !== 'upload' || !isOver(job.phase)) return [];
    const was = before.queue.jobs.find(({ id }) => id === job.id);
    if (was === undefined || isOver(was.phase)) return [];
    const rule =
      state.replacing.findLast(({ jobs }) => jobs !== 'all' && jobs.includes(job.id)) ??
      state.replacing.find(({ where, jobs }) => jobs === 'all' && where === job.server);
    if (rule === undefined) return [];
    return [{ kind: 'find-replaced', where: job.server, target: job.target, mark: rule.mark }];
  });
}

/** Of those that were over before it was known what the trash had. */
export function overAlready({ queue }: AppState, { jobs, mark }: Replacing): readonly Cmd[] {
  return queue.jobs.flatMap(({ id, phase, server, target }): Cmd[] =>
    jobs !== 'all' && jobs.includes(id) && isOver(phase)
      ? [{ kind: 'find-replaced', where: server, target, mark }]
      : [],
  );
}

/** What a job replaced below its target, of all that a trash has. */
export function replacedSince<Row extends { id: string; path: Path; deletedMs: number; isReplaced: boolean }>(
  rows: readonly Row[],
  target: Path,
  { ms, ids }: TrashMark,
): readonly Row[] {
  return rows.filter(
    ({ id, path, deletedMs, isReplaced }) =>
      isReplaced && deletedMs >= ms && !ids.includes(id) && target.every((name, i) => path[i] === name),
  );
}

/** @param rows the newest first */
export function markOf(rows: readonly { readonly id: string; readonly deletedMs: number }[]): TrashMark {
  const ms = rows[0]?.deletedMs ?? 0;
  return { ms, ids: rows.filter(({ deletedMs }) => deletedMs === ms).map(({ id }) => id) };
}
