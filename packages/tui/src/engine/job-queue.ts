/**
 * The queue as one program sees it: shows all jobs, writes what its user wishes, and moves them while it holds the lock.
 * While somebody else holds it, this one looks on and asks again every second. I/O thread, or inline in a command.
 */

import { asFerryError, Code, FerryError, type Path, parentPath, toWireError } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import { hostPort } from '@ferry/protocol/session';
import type { Changes } from '../queue/changes.ts';
import { MoverLock } from '../queue/mover-lock.ts';
import { QueueStore } from '../queue/queue-store.ts';
import { isMovable, phaseOf, type QueueOrder, type StoredJob, toJob } from '../queue/stored-job.ts';
import type { EngineEvent, QueueStatus, Where } from './engine.ts';
import { isOver, type Job, type JobId, type Totals } from './job.ts';
import { Mover } from './mover.ts';
import type { Servers } from './servers.ts';

export type JobQueueOpts = {
  /** Undefined for a queue that nobody shares and that ends with the program. */
  readonly queueFile: string | undefined;
  readonly servers: Servers;
  /** The server whose folders the user looks at. */
  readonly ownKey: string | undefined;
  readonly pool: BlockPool;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside: number;
  readonly emit: (event: EngineEvent) => void;
};

/** How often changes are told. */
const tellMs = 200;
/** How often others' changes are looked for. */
const lookMs = 250;
/** Looks until figures are written, or the lock is asked for. */
const looksPerRound = 4;

export class JobQueue {
  readonly store: QueueStore;
  readonly #opts: JobQueueOpts;
  readonly #startedMs = Date.now();
  readonly #changed = new Set<JobId>();
  readonly #removed = new Set<JobId>();
  readonly #arrivals = new Map<string, { where: Where; folder: Path }>();
  #lock: MoverLock | undefined;
  #mover: Mover | undefined;
  #looker: NodeJS.Timeout | undefined;
  #looks = 0;
  #teller: NodeJS.Timeout | undefined;
  #isClosed = false;
  #trouble: FerryError | undefined;

  /** @throws {FerryError} CONFIG when the queue's file cannot be used */
  constructor(opts: JobQueueOpts) {
    this.#opts = opts;
    this.store = QueueStore.open(opts.queueFile ?? ':memory:');
    this.#trouble = this.store.notice;
    this.#heed({ ...this.store.takeChanges(), settings: true });
    if (this.store.isShared) this.#looker = setInterval(() => this.#look(), lookMs);
    this.#moveIfFree();
  }

  get status(): QueueStatus {
    const { pausedAll, limitUp, limitDown, timetable } = this.store.settings;
    return {
      pausedAll,
      limits: { up: limitUp, down: limitDown, timetable },
      moves: this.#mover === undefined ? 'elsewhere' : 'here',
      notice: this.#trouble === undefined ? undefined : toWireError(this.#trouble),
    };
  }

  /** Undefined while another process moves the jobs. */
  get isBusy(): boolean | undefined {
    return this.#mover?.isBusy;
  }

  /** @throws {FerryError} IO_ERROR; CANCELLED once closed */
  add(orders: readonly QueueOrder[]): readonly JobId[] {
    if (this.#isClosed) throw new FerryError(Code.CANCELLED, 'closed');
    const ids = this.store.add(orders, Date.now());
    this.#heed(this.store.takeChanges());
    return ids;
  }

  /** A wish on the store, heeded at once where this one moves. What goes wrong is told as a notice. */
  wish(write: (store: QueueStore) => void): void {
    if (this.#isClosed) return;
    this.#attempt(() => write(this.store));
    this.#heed(this.store.takeChanges());
  }

  /** All jobs now, in order of the queue. */
  jobs(): readonly Job[] {
    return this.store.jobs().map((row) => this.#jobOf(row));
  }

  /** All there is to tell, as a new listener must hear it. */
  news(): EngineEvent[] {
    const jobs = this.jobs();
    const told: EngineEvent[] = [{ kind: 'queue', status: this.status }];
    if (jobs.length > 0) told.push({ kind: 'jobs', changed: jobs, removed: [], totals: this.#totals() });
    return told;
  }

  /** Jobs wait where they have a file, and are forgotten where not; what is there of theirs can be gone on with. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#looker);
    clearTimeout(this.#teller);
    await this.#mover?.end();
    this.#lock?.release();
    this.store.close();
  }

  /** Gives the lock back. False when there is something to move after all, which this one then does if nobody else did. */
  async rest(): Promise<boolean> {
    await this.#mover?.end();
    this.#mover = undefined;
    this.#lock?.release();
    this.#lock = undefined;
    // Whoever adds a job looks for a mover afterwards: either it found us gone, or we find the job.
    this.#attempt(() => this.store.refresh());
    if (!this.store.jobs().some((job) => isMovable(job, this.store.settings))) return true;
    this.#moveIfFree();
    return false;
  }

  #look(): void {
    this.#attempt(() => this.store.refresh());
    this.#heed(this.store.takeChanges());
    this.#looks = (this.#looks + 1) % looksPerRound;
    if (this.#looks > 0) return;
    if (this.#mover === undefined) this.#moveIfFree();
    else this.#mover.write();
  }

  #moveIfFree(): void {
    this.#attempt(() => {
      if (this.store.isShared) {
        this.#lock ??= MoverLock.take(this.store.file);
        if (this.#lock === undefined) return;
        this.store.refresh();
        this.store.takeOver();
        this.#heed(this.store.takeChanges());
      }
      const { servers, pool, writesBeside, ownKey } = this.#opts;
      this.#mover = new Mover({
        store: this.store,
        servers,
        pool,
        writesBeside,
        ownKey,
        onChange: (id) => this.#onChange(id),
        onProgress: (id) => this.#touch(id),
        onArrival: (job, folder) => this.#onArrival(job, folder),
        onTrouble: (error) => this.#report(error),
      });
      const all = this.store.jobs().map(({ id }) => id);
      this.#mover.follow({ changed: new Set(all), removed: new Set(), settings: true });
      this.#opts.emit({ kind: 'queue', status: this.status });
    });
    this.#tellSoon();
  }

  /** Shows what is different, and has it acted on. */
  #heed({ changed, removed, settings }: Changes): void {
    if (changed.size === 0 && removed.size === 0 && !settings) return;
    for (const id of changed) {
      this.#changed.add(id);
      const job = this.store.get(id);
      // What somebody else moved shows in our panes, too.
      if (
        this.#mover === undefined &&
        job?.fact.phase === 'done' &&
        (job.fact.endedMs ?? 0) > this.#startedMs
      )
        this.#onArrival(job, parentPath(job.order.target));
    }
    for (const id of removed) {
      this.#changed.delete(id);
      this.#removed.add(id);
    }
    if (settings) this.#opts.emit({ kind: 'queue', status: this.status });
    this.#mover?.follow({ changed, removed, settings });
    this.#tellSoon();
  }

  #onChange(id: JobId): void {
    this.#changed.add(id);
    this.#heed(this.store.takeChanges());
    const job = this.store.get(id);
    // An end is told at once: a command waits for it.
    if (job === undefined || isOver(phaseOf(job, this.store.settings))) this.#tellNow();
    else this.#tellSoon();
  }

  #touch(id: JobId): void {
    this.#changed.add(id);
    this.#tellSoon();
  }

  #onArrival({ order, server }: StoredJob, folder: Path): void {
    const where = order.direction === 'download' ? '' : hostPort(server);
    this.#arrivals.set(`${where} ${folder.join('/')}`, { where, folder });
    this.#tellSoon();
  }

  #report(error: FerryError): void {
    if (this.#trouble?.message === error.message) return;
    this.#trouble = error;
    this.#opts.emit({ kind: 'queue', status: this.status });
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#report(
        asFerryError(error, (bug) => {
          throw bug;
        }),
      );
    }
  }

  #jobOf(row: StoredJob): Job {
    const job = toJob(row, this.store.settings);
    const view = this.#mover?.view(row.id);
    if (view === undefined) return job;
    const { phase, existing, figures, question, digest = job.digest } = view;
    return { ...job, ...figures, phase, existing, question, digest };
  }

  #tellSoon(): void {
    if (this.#teller !== undefined || this.#isClosed) return;
    this.#teller = setTimeout(() => {
      this.#teller = undefined;
      this.#tell();
    }, tellMs);
  }

  #tellNow(): void {
    clearTimeout(this.#teller);
    this.#teller = undefined;
    queueMicrotask(() => {
      if (!this.#isClosed) this.#tell();
    });
  }

  #tell(): void {
    const changed = [...this.#changed]
      .flatMap((id) => this.store.get(id) ?? [])
      .map((row) => this.#jobOf(row))
      .toSorted((a, b) => a.place - b.place);
    const removed = [...this.#removed];
    this.#changed.clear();
    this.#removed.clear();
    if (changed.length > 0 || removed.length > 0)
      this.#opts.emit({ kind: 'jobs', changed, removed, totals: this.#totals() });
    for (const arrival of this.#arrivals.values()) this.#opts.emit({ kind: 'changed', ...arrival });
    this.#arrivals.clear();
    // A rate falls also when nothing comes any more.
    const moving = this.#mover?.moving() ?? [];
    for (const id of moving) this.#changed.add(id);
    if (moving.length > 0) this.#tellSoon();
  }

  /** What ended before this program began is history. */
  #totals(): Totals {
    let [doneBytes, totalBytes, rate] = [0, 0, 0];
    for (const row of this.store.jobs()) {
      const { endedMs = Number.POSITIVE_INFINITY, phase, figures: last } = row.fact;
      if (endedMs < this.#startedMs || phase === 'cancelled' || row.wish.cancelled) continue;
      const figures = this.#mover?.view(row.id)?.figures ?? last;
      doneBytes += figures.doneBytes;
      totalBytes += figures.totalBytes;
      rate += figures.rate;
    }
    return { doneBytes, totalBytes, rate };
  }
}
