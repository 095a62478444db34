/**
 * The queue as all of this user's ferrys share it: a mirror of its file in memory, brought up to date before every change.
 * Anybody adds jobs and writes wishes; who holds the MoverLock writes what has come of them. I/O thread and commands.
 *
 * What a user ordered is on the disk when the call returns. What only tells how far a job is survives the end of the
 * process, and after a power cut may be older than it was.
 */

import type { DatabaseSync } from 'node:sqlite';
import { Code, FerryError, type Path } from '@ferry/protocol';
import { type Figures, isOver, type JobId, type Priority } from '../engine/job.ts';
import type { Answer, Question } from '../transfer/conflict.ts';
import { type Ask, type AskOne, answersOf, asked } from './asked.ts';
import { type Changes, News } from './changes.ts';
import { busyMs, identityOf, openQueueFile } from './queue-file.ts';
import { insertJob, rowOf, stateOf } from './queue-row.ts';
import { type Reordering, reordered } from './reorder.ts';
import { isBusy, isSqlite } from './sqlite-error.ts';
import {
  defaultSettings,
  encode,
  type Fact,
  newJob,
  noFigures,
  outdated,
  phaseOf,
  type QueueOrder,
  type QueueSettings,
  type StoredJob,
  type Wish,
} from './stored-job.ts';

/** `order` and `now` survive a power cut, an order also a log damaged later; `soon` may be lost. */
type Durability = 'order' | 'now' | 'soon';

export class QueueStore {
  readonly #file: string;
  #database: DatabaseSync;
  #identity: string;
  #notice: FerryError | undefined;
  readonly #jobs = new Map<JobId, StoredJob>();
  #inOrder: readonly StoredJob[] | undefined;
  #settings = defaultSettings;
  #rev = -1;
  #nextId = 1;
  #removals = 0;
  #dataVersion: unknown;
  /** The mirror is ahead of the file. */
  #isChanging = false;
  readonly #news = new News();

  private constructor(file: string) {
    this.#file = file;
    const { database, notice } = openQueueFile(file);
    this.#database = database;
    this.#notice = notice;
    this.#identity = identityOf(file);
    this.refresh();
  }

  /** `:memory:` for a queue that nobody shares and that ends with the program. @throws {FerryError} CONFIG */
  static open(file: string): QueueStore {
    return new QueueStore(file);
  }

  get file(): string {
    return this.#file;
  }

  get isShared(): boolean {
    return this.#file !== ':memory:';
  }

  /** What the user must hear about the file: that it was damaged, and what became of it. */
  get notice(): FerryError | undefined {
    return this.#notice;
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  get(id: JobId): StoredJob | undefined {
    return this.#jobs.get(id);
  }

  /** In order of the queue. */
  jobs(): readonly StoredJob[] {
    this.#inOrder ??= [...this.#jobs.values()].toSorted((a, b) => a.wish.place - b.wish.place);
    return this.#inOrder;
  }

  /** Takes what other processes wrote since the last time. Cheap when they wrote nothing. @throws {FerryError} IO_ERROR */
  refresh(): void {
    this.#guarded(() => {
      this.#followFile();
      const version = this.#database.prepare('pragma data_version').get()?.['data_version'];
      if (version === this.#dataVersion && this.#rev >= 0) return;
      this.#readNow();
      this.#dataVersion = version;
    });
  }

  /** What is different since the last call, whoever changed it. */
  takeChanges(): Changes {
    return this.#news.take();
  }

  /** At the end of the queue; the ids in order. @throws {FerryError} IO_ERROR; nothing was added then */
  add(orders: readonly QueueOrder[], nowMs: number): readonly JobId[] {
    if (orders.length === 0) return [];
    return this.#change('order', (rev) => {
      this.#remove(outdated(this.jobs()));
      const last = this.jobs().at(-1)?.wish.place ?? 0;
      return orders.map((order, i) => {
        const id = this.#nextId;
        this.#nextId += 1;
        const job = newJob(id, order, last + 1 + i, nowMs);
        insertJob(this.#database, job, rev);
        this.#keep(job);
        return id;
      });
    });
  }

  /** What does not fit a job's phase is ignored for that job, and so are ids that are not there. @throws {FerryError} IO_ERROR */
  ask(what: Ask, ids: readonly JobId[]): void {
    this.#change('order', (rev) => {
      if (what === 'top' || what === 'up' || what === 'down') this.#reorder(what, ids, rev);
      else for (const job of this.#these(ids)) this.#askOne(what, job, rev);
    });
  }

  /** Ignored where the job asks nothing about `sourcePath` now. @throws {FerryError} IO_ERROR */
  answer(id: JobId, sourcePath: Path, answer: Answer): void {
    this.#change('order', (rev) => {
      const all = answersOf(this.jobs(), { id, sourcePath, answer }, this.#settings);
      for (const [job, wish] of all) this.#wish(job, wish, rev);
    });
  }

  /** @throws {FerryError} IO_ERROR */
  setPriority(ids: readonly JobId[], priority: Priority): void {
    this.#wishAll(ids, { priority });
  }

  /** Bytes per second; undefined for none. @throws {FerryError} IO_ERROR */
  setLimit(ids: readonly JobId[], limit: number | undefined): void {
    this.#wishAll(ids, { limit });
  }

  /** @throws {FerryError} IO_ERROR */
  set(settings: Partial<QueueSettings>): void {
    this.#change('order', () => this.#put({ ...this.#settings, ...settings }));
  }

  /** Removes jobs that are over: all, or these. @throws {FerryError} IO_ERROR */
  clear(ids?: readonly JobId[]): readonly JobId[] {
    return this.#change('order', () => {
      const over = (ids === undefined ? this.jobs() : this.#these(ids)).filter((job) =>
        isOver(phaseOf(job, this.#settings)),
      );
      this.#remove(over);
      return over.map(({ id }) => id);
    });
  }

  /** The mover takes over: what somebody else had begun waits to go on. @throws {FerryError} IO_ERROR */
  takeOver(): void {
    this.#change('now', (rev) => {
      for (const job of this.jobs())
        if (job.fact.phase === 'moving')
          this.#fact(job, { phase: 'waiting', figures: { ...job.fact.figures, rate: 0 } }, rev);
      // It is asked again by whoever comes upon it again.
      for (const job of this.jobs())
        if (job.fact.question !== undefined) this.#fact(job, { question: undefined }, rev);
    });
  }

  /** Before anything of these jobs can be at its target. @throws {FerryError} IO_ERROR */
  begin(ids: readonly JobId[]): void {
    this.#factAll('now', ids, () => ({ phase: 'moving', begun: true }));
  }

  /** @throws {FerryError} IO_ERROR */
  progress(figures: ReadonlyMap<JobId, Figures>): void {
    this.#factAll('soon', [...figures.keys()], ({ id }) => ({ figures: figures.get(id) ?? noFigures }));
  }

  /** What a job must hear, or undefined: nothing any more. @throws {FerryError} IO_ERROR */
  asks(id: JobId, question: Question | undefined): void {
    this.#factAll('soon', [id], () => ({ question }));
  }

  /** A job's end, or that it was stopped and waits; `begun` when that could not be written before. @throws {FerryError} IO_ERROR */
  settle(id: JobId, fact: Omit<Fact, 'begun'> & { readonly begun?: boolean }): void {
    this.#factAll('soon', [id], () => fact);
  }

  /** Idempotent. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #remove(jobs: readonly StoredJob[]): void {
    for (const { id } of jobs) {
      this.#database.prepare('delete from job where id = ?').run(id);
      this.#forget(id);
    }
    if (jobs.length > 0) this.#removals += 1;
  }

  #these(ids: readonly JobId[]): StoredJob[] {
    return ids.flatMap((id) => this.#jobs.get(id) ?? []);
  }

  #askOne(what: AskOne, job: StoredJob, rev: number): void {
    const phase = phaseOf(job, this.#settings);
    if (what === 'resume' && this.#settings.pausedAll && !isOver(phase)) this.#pauseEach(rev);
    const { wish, fact } = asked(what, job, phase);
    if (fact !== undefined) this.#fact(job, fact, rev);
    if (wish !== undefined) this.#wish(this.#jobs.get(job.id) ?? job, wish, rev);
  }

  /** One job shall go on while all stand: the others stand each for itself then. */
  #pauseEach(rev: number): void {
    this.#put({ ...this.#settings, pausedAll: false });
    for (const job of this.jobs())
      if (!isOver(phaseOf(job, this.#settings))) this.#wish(job, { paused: true }, rev);
  }

  /** Among the jobs that are not over. */
  #reorder(how: Reordering, ids: readonly JobId[], rev: number): void {
    const open = this.jobs().filter((job) => !isOver(phaseOf(job, this.#settings)));
    const places = open.map(({ wish }) => wish.place);
    for (const [i, job] of reordered(open, how, new Set(ids)).entries()) {
      const place = places[i] ?? job.wish.place;
      if (place !== job.wish.place) this.#wish(job, { place }, rev);
    }
  }

  #wishAll(ids: readonly JobId[], change: Partial<Wish>): void {
    this.#change('order', (rev) => {
      for (const job of this.#these(ids)) this.#wish(job, change, rev);
    });
  }

  #wish(job: StoredJob, change: Partial<Wish>, rev: number): void {
    const wish = { ...job.wish, ...change };
    this.#database
      .prepare('update job set rev = ?, wish = ?, wish_sum = ? where id = ?')
      .run(rev, ...encode(wish), job.id);
    this.#keep({ ...job, wish });
  }

  #fact(job: StoredJob, change: Partial<Fact>, rev: number): void {
    const fact = { ...job.fact, ...change };
    this.#database
      .prepare('update job set rev = ?, fact = ?, fact_sum = ? where id = ?')
      .run(rev, ...encode(fact), job.id);
    this.#keep({ ...job, fact });
  }

  #factAll(durability: Durability, ids: readonly JobId[], of: (job: StoredJob) => Partial<Fact>): void {
    this.#change(durability, (rev) => {
      for (const job of this.#these(ids)) this.#fact(job, of(job), rev);
    });
  }

  #put(settings: QueueSettings): void {
    this.#settings = settings;
    this.#news.settingsChanged();
    this.#database.prepare('update state set settings = ?, settings_sum = ?').run(...encode(settings));
  }

  /** One transaction: all of it or nothing, on top of what others wrote. */
  #change<T>(durability: Durability, work: (rev: number) => T): T {
    return this.#guarded(() => {
      this.#followFile();
      this.#database.exec(`pragma synchronous = ${durability === 'soon' ? 'normal' : 'full'}`);
      this.#database.exec('begin immediate');
      try {
        this.#read();
        this.#isChanging = true;
        const rev = this.#rev + 1;
        const result = work(rev);
        this.#database
          .prepare('update state set rev = ?, next_id = ?, removals = ?')
          .run(rev, this.#nextId, this.#removals);
        this.#database.exec('commit');
        this.#rev = rev;
        this.#isChanging = false;
        if (durability === 'order') this.#checkpoint();
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('rollback');
        if (this.#isChanging) this.#readAgain();
        throw error;
      }
    });
  }

  /** Into the file itself, unless somebody is reading just now: SQLite ignores what follows a damaged place in the log. */
  #checkpoint(): void {
    if (!this.isShared) return;
    this.#database.exec('pragma busy_timeout = 0');
    try {
      this.#database.exec('pragma wal_checkpoint(truncate)');
    } catch (error) {
      if (!isBusy(error)) throw error;
    } finally {
      this.#database.exec(`pragma busy_timeout = ${busyMs}`);
    }
  }

  /** The mirror holds what was never committed, and nobody must act on that. */
  #readAgain(): void {
    this.#reload();
    try {
      this.#readNow();
    } catch (error) {
      // Then the next look does.
      if (!isSqlite(error)) throw error;
    }
  }

  #readNow(): void {
    this.#database.exec('begin');
    try {
      this.#read();
    } finally {
      this.#database.exec('rollback');
    }
  }

  /** Everything is read anew at the next look. */
  #reload(): void {
    this.#isChanging = false;
    this.#rev = -1;
    this.#dataVersion = undefined;
  }

  /** A damaged file was moved aside by somebody else: its successor counts. */
  #followFile(): void {
    if (!this.isShared || identityOf(this.#file) === this.#identity) return;
    this.close();
    const { database, notice } = openQueueFile(this.#file);
    this.#database = database;
    this.#notice = notice ?? this.#notice;
    this.#identity = identityOf(this.#file);
    this.#reload();
  }

  /** Within a transaction: the mirror becomes what the file says. */
  #read(): void {
    const state = stateOf(this.#database.prepare('select * from state').get());
    if (state.rev === this.#rev) return;
    const all = this.#rev < 0;
    const rows = all
      ? this.#database.prepare('select * from job').iterate()
      : this.#database.prepare('select * from job where rev > ?').iterate(this.#rev);
    for (const row of rows) this.#keep(rowOf(row));
    if (all || state.removals !== this.#removals) {
      const rowsNow = this.#database.prepare('select id from job').all();
      const there = new Set(rowsNow.map(({ id }) => id));
      for (const id of [...this.#jobs.keys()]) if (!there.has(id)) this.#forget(id);
    }
    if (JSON.stringify(state.settings) !== JSON.stringify(this.#settings)) this.#news.settingsChanged();
    this.#settings = { ...defaultSettings, ...state.settings };
    this.#rev = state.rev;
    this.#nextId = state.nextId;
    this.#removals = state.removals;
  }

  #keep(job: StoredJob): void {
    this.#jobs.set(job.id, job);
    this.#news.jobChanged(job.id);
    this.#inOrder = undefined;
  }

  #forget(id: JobId): void {
    if (!this.#jobs.delete(id)) return;
    this.#news.jobRemoved(id);
    this.#inOrder = undefined;
  }

  /** A full disk or a locked file is an answer, not a bug. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (!isSqlite(cause)) throw cause;
      const why = isBusy(cause) ? 'another ferry is writing to it' : 'its disk may be full or damaged';
      throw new FerryError(Code.IO_ERROR, `the queue in ${this.#file} cannot be used now: ${why}`, { cause });
    }
  }
}
