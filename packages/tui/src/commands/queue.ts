/** `ferry queue …`: what all ferrys of this user move, and wishes about it. Whoever moves acts on them within a second. */

import { Code, codeName, FerryError, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { endsOf, isOver, type Job, type JobId } from '../engine/job.ts';
import type { Ask } from '../queue/asked.ts';
import { MoverLock } from '../queue/mover-lock.ts';
import type { QueueStore } from '../queue/queue-store.ts';
import { defaultPriority, phaseOf, toJob } from '../queue/stored-job.ts';
import { formatRate, parseRate, parseTimetable } from '../transfer/timetable.ts';
import { ensureMover, forgetCancelled, withStore } from './enqueue.ts';
import { ExitCode } from './exit-code.ts';
import { jsonError, jsonJob, jsonLosses, toJsonLine } from './printer-json.ts';
import { arrowOf, movedWords } from './printer-text.ts';
import { parseIds, parsePriority } from './queue-words.ts';

type All = { readonly all?: boolean };

/** @throws {FerryError} CONFIG */
export function listQueue({ json }: { readonly json?: boolean }): ExitCode {
  return withStore((store) => {
    const isMoved = MoverLock.isHeld(store.file);
    for (const row of store.jobs()) {
      const job = toJob(row, store.settings);
      // What a ferry that is gone was moving waits for the next one.
      const now: Job = job.phase === 'moving' && !isMoved ? { ...job, phase: 'waiting', rate: 0 } : job;
      process.stdout.write(json === true ? jsonLine(now) : textLine(now));
    }
    return ExitCode.done;
  });
}

function jsonLine(job: Job): string {
  const { endedMs, error, losses } = job;
  return toJsonLine({
    ...jsonJob(job),
    added: new Date(job.addedMs).toISOString(),
    ended: endedMs === undefined ? undefined : new Date(endedMs).toISOString(),
    error: jsonError(error),
    notKept: losses === undefined ? undefined : jsonLosses(losses),
  });
}

/** ` 12  moving     61 %  1.2 GB of 2 GB  412 MB/s  ↓ 10.0.0.5:7377/films/a.mov → /home/anna/a.mov` */
function textLine(job: Job): string {
  const { source, target, phase, doneBytes, totalBytes, rate, priority, limit, error, lostCount = 0 } = job;
  const arrow = arrowOf(job);
  const [from, to] = endsOf(job).map((end, i) => {
    const path = `/${showName((i === 0 ? source : target).join('/'))}`;
    return end === '' ? path : `${show(end)}${path}`;
  });
  const share = totalBytes === 0 ? 0 : Math.floor((doneBytes * 100) / totalBytes);
  const parts = [
    String(job.id).padStart(4),
    phase.padEnd(9),
    isOver(phase) ? movedWords(job) : `${share} %  ${prettyBytes(doneBytes)} of ${prettyBytes(totalBytes)}`,
    ...(phase === 'moving' ? [`${prettyBytes(Math.round(rate))}/s`] : []),
    ...(priority === defaultPriority ? [] : [`priority ${priority}`]),
    ...(limit === undefined ? [] : [`limit ${formatRate(limit)}`]),
    `${arrow} ${from} → ${to}`,
    ...(lostCount === 0 ? [] : [`${lostCount} not kept`]),
    ...(error === undefined ? [] : [`${show(error[1])} [${codeName(error[0])}]`]),
  ];
  return `${parts.join('  ')}\n`;
}

/** @throws {FerryError} USAGE, NOT_FOUND (nothing was changed then), CONFIG, IO_ERROR */
export function askQueue(what: Ask, texts: readonly string[], options: All): ExitCode {
  return withStore((store) => {
    const ids = chosen(store, texts, options);
    if (options.all === true && (what === 'pause' || what === 'resume'))
      store.set({ pausedAll: what === 'pause' });
    if (options.all !== true || what !== 'pause') store.ask(what, ids);
    forgetCancelled(store);
    ensureMover(store);
    return ExitCode.done;
  });
}

/** @throws {FerryError} as askQueue */
export function rankJobs(text: string, texts: readonly string[], options: All): ExitCode {
  const priority = parsePriority(text);
  return withStore((store) => {
    store.setPriority(chosen(store, texts, options), priority);
    return ExitCode.done;
  });
}

/** @throws {FerryError} as askQueue */
export function limitJobs(text: string, texts: readonly string[], options: All): ExitCode {
  const rate = parseRate(text, Code.USAGE);
  return withStore((store) => {
    store.setLimit(chosen(store, texts, options), rate);
    return ExitCode.done;
  });
}

export type LimitOptions = { readonly up?: string; readonly down?: string; readonly timetable?: string };

/** @throws {FerryError} USAGE, CONFIG, IO_ERROR */
export function limitQueue({ up, down, timetable }: LimitOptions): ExitCode {
  if (timetable !== undefined && timetable !== '') parseTimetable(timetable, Code.USAGE);
  const change = {
    ...(up === undefined ? {} : { limitUp: parseRate(up, Code.USAGE) }),
    ...(down === undefined ? {} : { limitDown: parseRate(down, Code.USAGE) }),
    ...(timetable === undefined ? {} : { timetable }),
  };
  return withStore((store) => {
    if (Object.keys(change).length > 0) store.set(change);
    const { settings } = store;
    process.stdout.write(
      `up ${formatRate(settings.limitUp)}\ndown ${formatRate(settings.limitDown)}\n` +
        (settings.timetable === '' ? '' : `timetable ${show(settings.timetable)}\n`) +
        (settings.pausedAll ? 'all jobs are paused\n' : ''),
    );
    return ExitCode.done;
  });
}

/** @throws {FerryError} as askQueue */
export function clearQueue(texts: readonly string[]): ExitCode {
  return withStore((store) => {
    const ids = texts.length === 0 ? undefined : chosen(store, texts, {});
    const open = ids?.find((id) => {
      const job = store.get(id);
      return job !== undefined && !isOver(phaseOf(job, store.settings));
    });
    if (open !== undefined)
      throw new FerryError(Code.USAGE, `job ${open} is not over: cancel it before it is cleared`);
    store.clear(ids);
    return ExitCode.done;
  });
}

/** Every one of them is there. */
function chosen(store: QueueStore, texts: readonly string[], { all }: All): readonly JobId[] {
  if ((all === true) === texts.length > 0)
    throw new FerryError(Code.USAGE, 'name jobs by their numbers, or all of them with --all');
  if (all === true) return store.jobs().map(({ id }) => id);
  const ids = parseIds(texts);
  const missing = ids.find((id) => store.get(id) === undefined);
  if (missing !== undefined) throw new FerryError(Code.NOT_FOUND, `there is no job ${missing} in the queue`);
  return ids;
}
