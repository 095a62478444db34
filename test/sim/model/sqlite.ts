/**
 * In the place of node:sqlite, for the queue in a simulation: one table, the few statements that the queue says, and what
 * SQLite promises about them: a transaction is whole or not at all, one writer at a time, an exclusive lock that ends with
 * its holder. After a power cut everything up to the last full sync is there, and of what was committed since a beginning.
 * queue-model.test.ts compares it with SQLite itself.
 */

import { type Process, world } from '../world.ts';
import type { Database, Inode } from './disk.ts';
import { closeSync, existsSync, openSync, plainError } from './fs.ts';

type Row = Readonly<Record<string, unknown>>;
type Content = {
  readonly form: number;
  readonly jobs: ReadonlyMap<number, Row>;
  readonly state: Row | undefined;
};

const empty: Content = { form: 0, jobs: new Map(), state: undefined };

/** What lies in a file. */
class Stored implements Database {
  content = empty;
  /** What a power cut may leave, oldest first. */
  since: Content[] = [empty];
  commits = 0;
  writer: DatabaseSync | undefined;
  isExclusive = false;

  commit(content: Content, isFull: boolean): void {
    this.content = content;
    this.commits += 1;
    if (isFull) this.since = [content];
    else this.since.push(content);
  }

  cutPower(random: (below: number) => number): void {
    this.content = this.since[random(this.since.length)] ?? empty;
    this.since = [this.content];
    this.commits += 1;
    this.writer = undefined;
    this.isExclusive = false;
  }
}

function failure(errcode: number, message: string): Error {
  return Object.assign(plainError(message), { code: 'ERR_SQLITE_ERROR', errcode });
}

const busy = 5;
const ioError = 10;
const full = 13;

/** How often, in percent, a disk is full when something is to be written, or whether it is at the last moment. */
export const trouble = { fullPercent: 0, isFullAtCommit: false, lastFullMs: 0 };

type Inside = { jobs: Map<number, Row>; state: Row | undefined; form: number };

type Statement = {
  readonly run: (...values: unknown[]) => void;
  readonly get: (...values: unknown[]) => Row | undefined;
  readonly all: (...values: unknown[]) => Row[];
  readonly iterate: (...values: unknown[]) => Iterable<Row>;
};

export class DatabaseSync {
  readonly #stored: Stored;
  readonly #process: Process;
  #isOpen = true;
  #isFull = true;
  /** Inside a transaction: what it sees and makes. */
  #inside: Inside | undefined;
  #ownCommits = 0;

  constructor(file: string) {
    this.#process = world().current;
    if (file !== ':memory:' && !existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
    this.#stored = file === ':memory:' ? new Stored() : storedIn(file);
    this.#process.onEnd.push(() => this.close());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isTransaction(): boolean {
    return this.#inside !== undefined;
  }

  close(): void {
    this.#leave();
    this.#isOpen = false;
  }

  exec(sql: string): void {
    this.#check();
    for (const statement of sql.split(';').map((part) => part.trim())) this.#exec(statement);
  }

  #exec(sql: string): void {
    const stored = this.#stored;
    if (sql === '' || /^pragma (journal_mode|busy_timeout|wal_checkpoint)/.test(sql)) return;
    if (sql.startsWith('pragma synchronous')) {
      this.#isFull = sql.endsWith('full');
      return;
    }
    if (sql === 'begin') {
      if (stored.isExclusive && stored.writer !== this) throw failure(busy, 'database is locked');
      this.#inside = { ...stored.content, jobs: new Map(stored.content.jobs) };
      return;
    }
    if (sql === 'begin immediate' || sql === 'begin exclusive') {
      if (stored.writer !== undefined) throw failure(busy, 'database is locked');
      stored.writer = this;
      stored.isExclusive = sql === 'begin exclusive';
      this.#inside = { ...stored.content, jobs: new Map(stored.content.jobs) };
      return;
    }
    if (sql === 'rollback') {
      this.#leave();
      return;
    }
    if (sql === 'commit') {
      this.#step('commit', () => this.#commit());
      return;
    }
    if (sql.startsWith('pragma user_version = ')) {
      this.#held.form = Number(sql.slice(22));
      return;
    }
    if (sql === 'delete from state') {
      this.#held.state = undefined;
      return;
    }
    if (sql.startsWith('create ')) return;
    throw failure(1, `the model does not know: ${sql}`);
  }

  prepare(sql: string): Statement {
    this.#check();
    const all = (...values: unknown[]): Row[] => {
      this.#check();
      return this.#query(sql, values);
    };
    return {
      all,
      get: (...values) => all(...values)[0],
      iterate: all,
      run: (...values) => void all(...values),
    };
  }

  #query(sql: string, values: readonly unknown[]): Row[] {
    const stored = this.#stored;
    if (stored.isExclusive && stored.writer !== this) throw failure(busy, 'database is locked');
    const content = this.#inside ?? stored.content;
    switch (sql) {
      case 'pragma data_version':
        // One's own commits do not count.
        return [{ data_version: stored.commits - this.#ownCommits }];
      case 'pragma user_version':
        return [{ user_version: content.form }];
      case 'pragma integrity_check(1)':
        return [{ integrity_check: 'ok' }];
      case 'select 1 from sqlite_schema':
        return [];
      case 'select * from state':
        return content.state === undefined ? [] : [content.state];
      case 'select * from job':
      case 'select id from job':
        return [...content.jobs.values()];
      case 'select * from job where rev > ?':
        return [...content.jobs.values()].filter(({ rev }) => Number(rev) > Number(values[0]));
      default:
        this.#step('write', () => this.#write(sql, values));
        return [];
    }
  }

  #write(sql: string, values: readonly unknown[]): void {
    const held = this.#held;
    const jobs = held.jobs;
    if (sql.startsWith('insert into job values')) {
      const [id, rev, ordered, orderedSum, wish, wishSum, fact, factSum] = values;
      if (jobs.has(Number(id))) throw failure(19, 'UNIQUE constraint failed');
      const sums = { ordered_sum: orderedSum, wish_sum: wishSum, fact_sum: factSum };
      jobs.set(Number(id), { id, rev, ordered, wish, fact, ...sums });
      return;
    }
    const [text, sum] = sql.includes('set settings') ? values : values.slice(1);
    const key = Number(values.at(-1));
    const row = jobs.get(key);
    switch (sql) {
      case 'delete from job where id = ?':
        jobs.delete(key);
        return;
      case 'update job set rev = ?, wish = ?, wish_sum = ? where id = ?':
        if (row !== undefined) jobs.set(key, { ...row, rev: values[0], wish: text, wish_sum: sum });
        return;
      case 'update job set rev = ?, fact = ?, fact_sum = ? where id = ?':
        if (row !== undefined) jobs.set(key, { ...row, rev: values[0], fact: text, fact_sum: sum });
        return;
      case 'update state set settings = ?, settings_sum = ?':
        held.state = { ...held.state, settings: text, settings_sum: sum };
        return;
      case 'update state set rev = ?, next_id = ?, removals = ?':
        held.state = { ...held.state, rev: values[0], next_id: values[1], removals: values[2] };
        return;
      case 'insert into state values (1, 1, ?, 0, ?, ?)':
        held.state = { one: 1, rev: 1, next_id: values[0], removals: 0, settings: text, settings_sum: sum };
        return;
      default:
        throw failure(1, `the model does not know: ${sql}`);
    }
  }

  get #held(): Inside {
    if (this.#inside === undefined) throw failure(1, 'the model writes in transactions only');
    return this.#inside;
  }

  #commit(): void {
    const { form, jobs, state } = this.#held;
    this.#stored.commit({ form, jobs, state }, this.#isFull);
    this.#ownCommits += 1;
    this.#leave();
  }

  #leave(): void {
    this.#inside = undefined;
    if (this.#stored.writer !== this) return;
    this.#stored.writer = undefined;
    this.#stored.isExclusive = false;
  }

  #step(what: string, effect: () => void): void {
    const here = world();
    const isLast = what === 'commit' && trouble.isFullAtCommit;
    if (isLast || (trouble.fullPercent > 0 && here.chance(trouble.fullPercent))) {
      trouble.lastFullMs = here.nowMs;
      throw failure(full, 'disk is full');
    }
    // Killed in it: a commit may have come that far.
    const inside = this.#inside;
    if (here.step()) {
      effect();
      return;
    }
    if (what === 'commit' && inside !== undefined && here.random(2) === 0)
      this.#stored.commit({ form: inside.form, jobs: inside.jobs, state: inside.state }, this.#isFull);
    throw failure(ioError, 'killed');
  }

  #check(): void {
    if (!this.#process.isAlive) throw failure(ioError, 'killed');
    if (!this.#isOpen) throw new Error('database is not open');
  }
}

const inodes = new WeakMap<Inode, Stored>();

function storedIn(file: string): Stored {
  const inode = inodeOf(file);
  let stored = inodes.get(inode);
  if (stored === undefined) {
    stored = new Stored();
    inodes.set(inode, stored);
    inode.database = stored;
  }
  return stored;
}

function inodeOf(file: string): Inode {
  let at: Inode | undefined = world().current.machine.disk.root;
  for (const name of file.split('/').slice(1)) at = at?.names.get(name);
  if (at === undefined) throw failure(14, 'unable to open database file');
  return at;
}
