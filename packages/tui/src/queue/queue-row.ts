/** Rows of the queue's file to values and back; every document is checked. Called by queue-store.ts and its file's doctors. */

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import {
  Damaged,
  decode,
  defaultSettings,
  encode,
  type Fact,
  type Ordered,
  type QueueSettings,
  type StoredJob,
  type Wish,
} from './stored-job.ts';

export type Row = Record<string, SQLOutputValue>;

/** The one row that counts: what changed last (`rev`), and how often jobs were removed. */
export type State = {
  readonly rev: number;
  readonly nextId: number;
  readonly removals: number;
  readonly settings: QueueSettings;
};

/** @throws {Damaged} */
export function rowOf(row: Row): StoredJob {
  const ordered = decode<Ordered>(row['ordered'], row['ordered_sum']);
  if (ordered.id !== row['id']) throw new Damaged();
  return {
    ...ordered,
    wish: decode<Wish>(row['wish'], row['wish_sum']),
    fact: decode<Fact>(row['fact'], row['fact_sum']),
  };
}

/** @throws {Damaged} */
export function stateOf(row: Row | undefined): State {
  const { rev, next_id: nextId, removals } = row ?? {};
  if (typeof rev !== 'number' || typeof nextId !== 'number' || typeof removals !== 'number')
    throw new Damaged();
  return { rev, nextId, removals, settings: decode<QueueSettings>(row?.['settings'], row?.['settings_sum']) };
}

export function insertJob(database: DatabaseSync, { wish, fact, ...ordered }: StoredJob, rev: number): void {
  database
    .prepare('insert into job values (?, ?, ?, ?, ?, ?, ?, ?)')
    .run(ordered.id, rev, ...encode(ordered), ...encode(wish), ...encode(fact));
}

export type Everything = {
  readonly jobs: readonly StoredJob[];
  readonly settings: QueueSettings | undefined;
  readonly nextId: number;
};

/** Into an empty file, all or nothing. */
export function writeAll(database: DatabaseSync, { jobs, settings, nextId }: Everything): void {
  database.exec('begin immediate');
  database.exec('delete from state');
  database
    .prepare('insert into state values (1, 1, ?, 0, ?, ?)')
    .run(nextId, ...encode(settings ?? defaultSettings));
  for (const job of jobs) insertJob(database, job, 1);
  database.exec('commit');
}
