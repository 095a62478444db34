/**
 * A job as the queue's file keeps it: what was ordered (never changes), what the user wishes now (any process writes it) and
 * what has come of it (only who moves writes it). Pure; all threads.
 */

import { crc32 } from 'node:zlib';
import { Code, FerryError, type Path } from '@ferry/protocol';
import { hostPort } from '@ferry/protocol/session';
import {
  type Figures,
  isOver,
  type Job,
  type JobId,
  type JobOrder,
  type JobPhase,
  type OrderServer,
  type Priority,
} from '../engine/job.ts';
import type { Answer, ConflictPolicy, ConflictRule, Question } from '../transfer/conflict.ts';

/** Whom a job talks to, and the identity that must answer. */
export type QueueServer = OrderServer;

/** What is added to the queue. */
export type QueueOrder = {
  readonly server: QueueServer;
  readonly order: JobOrder;
  /** Waits for a resume. */
  readonly paused?: boolean;
  readonly priority?: Priority;
};

export type Ordered = {
  readonly id: JobId;
  readonly server: QueueServer;
  readonly order: JobOrder;
  /** Milliseconds since 1970. */
  readonly addedMs: number;
};

export type Wish = {
  /** Jobs are in order of it; no two are equal. */
  readonly place: number;
  readonly priority: Priority;
  readonly paused: boolean;
  readonly cancelled: boolean;
  /** Bytes per second. */
  readonly limit: number | undefined;
  /** Counts the retries asked for. */
  readonly attempt: number;
  /** What a retry or an answer wants done with names that are taken; until then the order's. */
  readonly existing: ConflictPolicy | undefined;
  readonly allowEmpty?: boolean;
  /** The last answer to a question of the job. */
  readonly answer?: GivenAnswer;
};

export type GivenAnswer = {
  /** Which of the job's answers it is, from 1. */
  readonly count: number;
  /** What was asked about. */
  readonly sourcePath: Path;
  readonly answer: Answer;
};

export type Fact = {
  /** Never `paused`: that is a wish. */
  readonly phase: JobPhase;
  /** Something of it may be at its target already, from before whoever moves now. */
  readonly begun: boolean;
  readonly figures: Figures;
  readonly endedMs: number | undefined;
  /** Of a single file that was moved, hex. */
  readonly digest: string | undefined;
  /** What the job must hear before it goes on with a name that is taken. */
  readonly question?: Question | undefined;
};

export type StoredJob = Ordered & { readonly wish: Wish; readonly fact: Fact };

export type QueueSettings = {
  /** Nothing moves, whatever the jobs wish. */
  readonly pausedAll: boolean;
  /** Bytes per second, all jobs together. */
  readonly limitUp: number | undefined;
  readonly limitDown: number | undefined;
  /** As the user wrote it; '' for none. */
  readonly timetable: string;
};

export const defaultSettings: QueueSettings = {
  pausedAll: false,
  limitUp: undefined,
  limitDown: undefined,
  timetable: '',
};

export const defaultPriority: Priority = 3;

export const noFigures: Figures = {
  doneBytes: 0,
  totalBytes: 0,
  doneFiles: 0,
  totalFiles: 0,
  skippedFiles: 0,
  failedFiles: 0,
  walked: false,
  rate: 0,
  movingMs: 0,
  error: undefined,
  failures: [],
};

export function newJob(id: JobId, added: QueueOrder, place: number, addedMs: number): StoredJob {
  const { server, order, paused = false, priority = defaultPriority } = added;
  return {
    id,
    server,
    order,
    addedMs,
    wish: {
      place,
      priority,
      paused,
      cancelled: false,
      limit: undefined,
      attempt: 0,
      existing: undefined,
    },
    fact: { phase: 'waiting', begun: false, figures: noFigures, endedMs: undefined, digest: undefined },
  };
}

/** What the job does about names that are taken now. */
export function ruleOfJob({ order, wish }: StoredJob): ConflictRule {
  const { existing, allowEmpty = false } = wish.existing === undefined ? order : wish;
  return { policy: existing ?? order.existing, allowEmpty };
}

/** `[user@]host:port fingerprint`: jobs with the same share a connection. */
export function serverKey({ host, port, fingerprint, user }: QueueServer): string {
  return `${user === undefined ? '' : `${user}@`}${host}:${port} ${fingerprint}`;
}

/** The phase to show: a wish counts from the moment it was made, whoever has still to act on it. */
export function phaseOf({ wish, fact }: StoredJob, { pausedAll }: QueueSettings): JobPhase {
  if (isOver(fact.phase)) return fact.phase;
  if (wish.cancelled) return 'cancelled';
  return wish.paused || pausedAll ? 'paused' : fact.phase;
}

/** Whether somebody who may move should. */
export function isMovable(job: StoredJob, settings: QueueSettings): boolean {
  const phase = phaseOf(job, settings);
  return phase === 'waiting' || phase === 'moving';
}

/** So many jobs that are done or cancelled are remembered. */
export const historyMost = 1000;

/** What went well long ago and makes room; what failed stays until its user says so. */
export function outdated(jobs: readonly StoredJob[]): readonly StoredJob[] {
  const past = jobs.filter(({ fact }) => fact.phase === 'done' || fact.phase === 'cancelled');
  const byEnd = past.toSorted((a, b) => (a.fact.endedMs ?? 0) - (b.fact.endedMs ?? 0));
  return byEnd.slice(0, Math.max(0, past.length - historyMost));
}

/** As everyone outside the queue sees it. */
export function toJob(row: StoredJob, settings: QueueSettings): Job {
  const { id, order, wish, fact, server, addedMs } = row;
  return {
    ...order,
    existing: wish.existing ?? order.existing,
    ...fact.figures,
    id,
    place: wish.place,
    priority: wish.priority,
    limit: wish.limit,
    server: hostPort(server),
    addedMs,
    endedMs: fact.endedMs,
    digest: fact.digest,
    phase: phaseOf(row, settings),
    question: isOver(phaseOf(row, settings)) ? undefined : fact.question,
  };
}

/** The row does not say what was written. */
export class Damaged extends FerryError {
  constructor(cause?: unknown) {
    super(Code.CONFIG, 'the queue file is damaged', { cause });
  }
}

/** A document and its check: a path that lost a bit would be another file. Byte strings pass through JSON unchanged. */
export function encode(value: object): [text: string, sum: number] {
  const text = JSON.stringify(value);
  return [text, crc32(text)];
}

/** What {@link encode} made; the check proves that it was ours. @throws {Damaged} */
export function decode<T extends object>(text: unknown, sum: unknown): T {
  if (typeof text !== 'string' || crc32(text) !== sum) throw new Damaged();
  return JSON.parse(text) as T;
}
