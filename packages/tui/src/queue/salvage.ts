/**
 * Reads from a damaged queue file what can still be read: the rows one by one, and where the head of the file is gone, once
 * more with a new head. Called by queue-file.ts, which holds the lock.
 */

import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Everything, type Row, rowOf, stateOf } from './queue-row.ts';
import { isSqlite } from './sqlite-error.ts';
import { Damaged, decode, type Fact, newJob, type Ordered, type StoredJob, type Wish } from './stored-job.ts';

/** So many rows in a row that cannot be read end the search. */
const gapMost = 10_000;

const nothing: Everything = { jobs: [], settings: undefined, nextId: 1 };

export function readWhatCanBeRead(file: string, schema: string): Everything {
  const asItIs = read(file);
  const mended = withNewHead(file, schema);
  // Older pages may show through a new head, so it must have more to say.
  return mended.jobs.length > asItIs.jobs.length ? mended : asItIs;
}

function read(file: string): Everything {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 1000 });
    const jobs = [...readRows(database)];
    const ids = jobs.map(({ id }) => id);
    const nextId = ids.reduce((most, id) => Math.max(most, id + 1), 1);
    return { ...nothing, jobs, nextId, ...readState(database, nextId) };
  } catch (error) {
    if (!isReadable(error)) throw error;
    return nothing;
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

function readState(
  database: DatabaseSync,
  nextId: number,
): Pick<Everything, 'settings' | 'nextId'> | undefined {
  const state = attempt(() => stateOf(database.prepare('select * from state').get()));
  return state && { settings: state.settings, nextId: Math.max(nextId, state.nextId) };
}

function* readRows(database: DatabaseSync): Generator<StoredJob> {
  const next = database.prepare('select * from job where id > ? order by id limit 1');
  const one = database.prepare('select * from job where id = ?');
  for (let id = 0, gap = 0; gap < gapMost; ) {
    const row = attempt(() => next.get(id) ?? 'end');
    if (row === 'end') return;
    // What lies in a damaged page cannot be stepped over, only past.
    const found = row ?? attempt(() => one.get(id + 1));
    id = Math.max(id + 1, Number(found?.['id'] ?? 0));
    gap = found === undefined ? gap + 1 : 0;
    const job = found === undefined ? undefined : readRow(found);
    if (job !== undefined) yield job;
  }
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
function withNewHead(file: string, schema: string): Everything {
  const copy = `${file}.mending`;
  const fresh = `${file}.fresh`;
  try {
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(fresh);
    database.exec(schema);
    const pageSize = Number(database.prepare('pragma page_size').get()?.['page_size']);
    database.close();
    const head = Buffer.alloc(pageSize);
    const from = openSync(fresh, 'r');
    readSync(from, head);
    closeSync(from);
    // The number of pages counts when the two change counters agree.
    head.writeUInt32BE(Math.floor(statSync(copy).size / pageSize), 28);
    head.writeUInt32BE(head.readUInt32BE(24), 92);
    // There may be a WAL.
    head.fill(2, 18, 20);
    const to = openSync(copy, 'r+');
    writeSync(to, head, 0, head.length, 0);
    closeSync(to);
    return read(copy);
  } catch (error) {
    if (isReadable(error)) return nothing;
    throw error;
  } finally {
    for (const path of [copy, fresh])
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
  }
}
