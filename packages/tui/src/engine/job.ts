/**
 * A job as everyone outside the engine sees it: plain data, a snapshot. Made on the I/O thread, shown on the UI thread,
 * printed by commands.
 */

import type { EntryKind, Path, WireError } from '@ferry/protocol';
import { type Fingerprint, hostPort } from '@ferry/protocol/session';
import type { ConflictPolicy, Question } from '../transfer/conflict.ts';

export type Direction = 'download' | 'upload';

/** A server, and the identity that must answer. */
export type OrderServer = {
  readonly host: string;
  readonly port: number;
  readonly fingerprint: Fingerprint;
  /** Of a share, which this device shows a key of its own to; left out otherwise. */
  readonly user?: string;
};

/** What a user asks for: one file or one whole folder, into a folder of the other side. */
export type JobOrder = {
  readonly direction: Direction;
  /** The file or folder to copy, on the side it comes from. */
  readonly source: Path;
  readonly kind: EntryKind;
  /** Of an upload whose source is on another server, not on this machine: that server. */
  readonly origin?: OrderServer;
  /** The full path it shall have on the other side, last name included. */
  readonly target: Path;
  /** What to do with a file whose name is taken. `ask` also means that somebody answers what the rules of later leave open. */
  readonly existing: ConflictPolicy;
  /** As ConflictRule.allowEmpty. */
  readonly allowEmpty?: boolean;
  /** Whom files belong to is to be kept. */
  readonly owners?: boolean;
  /** What cannot be kept of a file is a failure, not only told. */
  readonly strict?: boolean;
};

/** Never given twice, also not after a restart. */
export type JobId = number;

/** 5 goes before 4; what is added without one has 3. */
export type Priority = 1 | 2 | 3 | 4 | 5;

export function isPriority(value: number): value is Priority {
  return Number.isInteger(value) && value >= 1 && value <= 5;
}

export type JobPhase = 'waiting' | 'moving' | 'paused' | 'done' | 'failed' | 'cancelled';

/** One file of a job that could not be moved; the others went on. */
export type FileFailure = { readonly source: Path; readonly error: WireError };

/** Something of a source that the target could not hold, or that is never copied; the rest of it was. */
export type Loss = { readonly source: Path; readonly what: string };

/** What a job at work counts. */
export type Figures = {
  /** Verified bytes at the receiving end. */
  readonly doneBytes: number;
  /** Bytes of all files found so far; final once `walked`. */
  readonly totalBytes: number;
  readonly doneFiles: number;
  readonly totalFiles: number;
  /** Files left alone because they were there (`existing: 'skip'` and others). */
  readonly skippedFiles: number;
  readonly failedFiles: number;
  /** True once the source folder is read to its end, so that the totals are final. */
  readonly walked: boolean;
  /** Bytes per second over the last seconds; 0 unless moving. */
  readonly rate: number;
  /** Milliseconds this job has been moving, pauses left out. */
  readonly movingMs: number;
  /** Why the job failed, or the first of its files that did. */
  readonly error: WireError | undefined;
  /** The first failures, at most 100; `failedFiles` counts all. */
  readonly failures: readonly FileFailure[];
  /** What was not kept, at most 100; `lostCount` counts all. */
  readonly losses?: readonly Loss[];
  readonly lostCount?: number;
};

export type Job = JobOrder &
  Figures & {
    readonly id: JobId;
    /** The queue is in order of it; changes when a job is moved up or down. */
    readonly place: number;
    readonly priority: Priority;
    /** Bytes per second that this job may take; undefined: as much as there is. */
    readonly limit: number | undefined;
    /** `host:port` of the server it talks to. */
    readonly server: string;
    /** Milliseconds since 1970. */
    readonly addedMs: number;
    readonly endedMs: number | undefined;
    /** Of a single file that was moved, hex. */
    readonly digest: string | undefined;
    readonly phase: JobPhase;
    /** What the job must hear before it goes on with a name that is taken; one at a time. */
    readonly question?: Question | undefined;
  };

/** What a job at work says of itself. */
export type LiveView = {
  readonly phase: JobPhase;
  readonly existing: ConflictPolicy;
  readonly figures: Figures;
  readonly question: Question | undefined;
  /** Of a single file that was moved, hex. */
  readonly digest: string | undefined;
};

/** All jobs together, for the gauge and the graph. */
export type Totals = {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes per second of everything that moves. */
  readonly rate: number;
};

/** Where a job's files come from and go to: `host:port`, and '' for this machine. */
export function endsOf({
  direction,
  server,
  origin,
}: Pick<Job, 'direction' | 'server' | 'origin'>): readonly [from: string, to: string] {
  if (direction === 'download') return [server, ''];
  return [origin === undefined ? '' : hostPort(origin), server];
}

export function isOver(phase: JobPhase): boolean {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled';
}
