/**
 * Reads from a damaged queue file what can still be read: the rows one by one; where the head of the file is gone, once more
 * with a new head; and what no tree leads to any more, page by page. Called by queue-file.ts, which holds the lock.
 */

import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { JobId } from '../engine/job.ts';
import { type Everything, type Row, rowOf, type State, stateOf } from './queue-row.ts';
import { isSqlite } from './sqlite-error.ts';
import { Damaged, decode, type Fact, newJob, type Ordered, type StoredJob, type Wish } from './stored-job.ts';

/** So many rows in a row that cannot be read end the search. */
const gapMost = 10_000;

const nothing: Everything = { jobs: [], settings: undefined, nextId: 1 };

export function readWhatCanBeRead(file: string, schema: string): Everything {
  const asItIs = read(file);
  if (asItIs.whole && asItIs.jobs.length > 0) return asItIs;
  const copy = `${file}.mending`;
  try {
    giveNewHead(file, copy, schema);
    const mended = read(copy);
    const better = mended.jobs.length > asItIs.jobs.length ? mended : asItIs;
    const there = new Set(better.jobs.map(({ id }) => id));
    const jobs = [...better.jobs, ...readPages(copy).filter(({ id }) => !there.has(id))];
    return { ...better, jobs, nextId: nextIdOf(jobs, better.nextId) };
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(copy + suffix, { force: true });
  }
}

function nextIdOf(jobs: readonly StoredJob[], least: number): number {
  return jobs.reduce((most, { id }) => Math.max(most, id + 1), least);
}

type Read = Everything & { readonly whole: boolean };

function read(file: string): Read {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 1000 });
    const rows = [...readRows(database)];
    // A damaged tree may lead to a row twice.
    const jobs = [...new Map(rows.flatMap((job) => (job === undefined ? [] : [[job.id, job]]))).values()];
    const state = readState(database);
    const nextId = nextIdOf(jobs, state?.nextId ?? 1);
    return { jobs, settings: state?.settings, nextId, whole: jobs.length === rows.length };
  } catch (error) {
    if (!isReadable(error)) throw error;
    return { ...nothing, whole: false };
  } finally {
    if (database?.isOpen === true) database.close();
  }
}

/** Whether an error is the file's, rather than ours. */
function isReadable(error: unknown): boolean {
  return isSqlite(error) || error instanceof Damaged;
}

function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!isReadable(error)) throw error;
    return undefined;
  }
}

function readState(database: DatabaseSync): State | undefined {
  return attempt(() => stateOf(database.prepare('select * from state').get()));
}

/** undefined: something that cannot be read. */
function* readRows(database: DatabaseSync): Generator<StoredJob | undefined> {
  const next = database.prepare('select * from job where id > ? order by id limit 1');
  const one = database.prepare('select * from job where id = ?');
  for (let id = 0, gap = 0; gap < gapMost; ) {
    const row = attempt(() => next.get(id) ?? 'end');
    if (row === 'end') return;
    // What lies in a damaged page cannot be stepped over, only past.
    const found = row ?? attempt(() => one.get(id + 1));
    id = Math.max(id + 1, Number(found?.['id'] ?? 0));
    gap = found === undefined ? gap + 1 : 0;
    yield found === undefined ? undefined : readRow(found);
  }
}

/** Takes every page for the whole table in turn. What was removed may come back with it, as what it was: over. */
function readPages(file: string): readonly StoredJob[] {
  const found = new Map<JobId, { readonly job: StoredJob; readonly rev: number }>();
  const pages = attempt(() => {
    const database = new DatabaseSync(file);
    const count = database.prepare('pragma page_count').get()?.['page_count'];
    database.close();
    return Number(count);
  });
  for (let page = 2; page <= (pages ?? 0); page++) {
    for (const row of rowsOfPage(file, page)) {
      const job = readRow(row);
      const rev = Number(row['rev']);
      if (job !== undefined && rev > (found.get(job.id)?.rev ?? -1)) found.set(job.id, { job, rev });
    }
  }
  return [...found.values()].map(({ job }) => job);
}

function rowsOfPage(file: string, page: number): readonly Row[] {
  const rows: Row[] = [];
  const database = new DatabaseSync(file, { defensive: false });
  attempt(() => {
    database.exec('pragma writable_schema = on');
    database.prepare("update sqlite_schema set rootpage = ? where name = 'job'").run(page);
    database.exec('pragma writable_schema = reset');
    for (const row of database.prepare('select * from job not indexed').iterate()) rows.push(row);
  });
  database.close();
  return rows;
}

/** A job whose wishes are gone waits for its user; one whose past is gone may have begun. */
function readRow(row: Row): StoredJob | undefined {
  const whole = attempt(() => rowOf(row));
  if (whole !== undefined) return whole;
  const ordered = attempt(() => decode<Ordered>(row['ordered'], row['ordered_sum']));
  if (ordered === undefined || ordered.id !== row['id']) return undefined;
  const { id, server, order, addedMs } = ordered;
  const lost = newJob(id, { server, order, paused: true }, id, addedMs);
  const fact = attempt(() => decode<Fact>(row['fact'], row['fact_sum']));
  const wish = attempt(() => decode<Wish>(row['wish'], row['wish_sum']));
  return { ...ordered, wish: wish ?? lost.wish, fact: fact ?? { ...lost.fact, begun: true } };
}

/** The first page says where everything is, and is the same in every queue file: a new one may open the rest. */
function giveNewHead(file: string, copy: string, schema: string): void {
  const fresh = `${file}.fresh`;
  try {
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(fresh);
    database.exec(schema);
    const pageSize = Number(database.prepare('pragma page_size').get()?.['page_size']);
    database.close();
    const head = readFileSync(fresh).subarray(0, pageSize);
    // The number of pages counts when the two change counters agree.
    head.writeUInt32BE(Math.floor(statSync(copy).size / pageSize), 28);
    head.writeUInt32BE(head.readUInt32BE(24), 92);
    // There may be a WAL.
    head.fill(2, 18, 20);
    const to = openSync(copy, 'r+');
    writeSync(to, head, 0, head.length, 0);
    closeSync(to);
  } finally {
    for (const suffix of ['', '-journal']) rmSync(fresh + suffix, { force: true });
  }
}
