/**
 * The engine itself: one connection, its lanes, the queue of jobs and what is told about them. I/O thread, or inline in a
 * command. Queue order decides among equals only: every job that can move gets its share (transfer/schedule).
 */

import type { Path } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import type { Address, Fingerprint } from '@ferry/protocol/session';
import { Connection, type ConnectionOpts } from '../client/connection.ts';
import { deviceKey } from '../client/device-key.ts';
import { Lanes } from '../client/lanes.ts';
import { remoteSource } from '../client/remote-source.ts';
import { nextJob } from '../transfer/schedule.ts';
import type { Engine, EngineEvent, JobAction, Side } from './engine.ts';
import { isOver, type Job, type JobId, type JobOrder, type Totals } from './job.ts';
import { LiveJob, type LiveJobContext } from './live-job.ts';
import { localSource } from './local-source.ts';

export type EngineOpts = {
  readonly address: Pick<Address, 'host' | 'port'>;
  readonly fingerprint: Fingerprint;
  readonly token: Uint8Array | undefined;
  readonly deviceKeyFile: string;
  /** Name and version of the program, for the server's log. */
  readonly client: string;
  readonly attempts: ConnectionOpts['attempts'];
  /** As StagingOpts.writesBeside: more than 1 where no screen wants the processor. */
  readonly writesBeside?: number;
};

/** Buffers of the I/O thread; uploads wait for one, downloads borrow one per lane. */
const poolBuffers = 32;
/** How often changes are told. */
const tellMs = 200;
/** How long closing waits for cancelled jobs to remove what they left. */
const tidyMs = 1000;
/** How often the round trip shown is brought up to date. */
const refreshMs = 1000;

export class EngineCore implements Engine {
  readonly remote;
  readonly local = localSource;
  readonly #connection: Connection;
  readonly #lanes: Lanes;
  readonly #jobContext: Omit<LiveJobContext, 'onChange' | 'onProgress' | 'onArrival'>;
  readonly #jobs = new Map<JobId, LiveJob>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #changed = new Set<JobId>();
  readonly #removed = new Set<JobId>();
  readonly #arrivals = new Map<string, { side: Side; folder: Path }>();
  readonly #refresher: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #nextId = 1;
  #isPumping = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  /** @throws {FerryError} CONFIG when this device's key cannot be used */
  constructor(opts: EngineOpts) {
    const pool = new BlockPool(poolBuffers);
    this.#connection = new Connection({
      spec: {
        host: opts.address.host,
        port: opts.address.port,
        fingerprint: opts.fingerprint,
        device: deviceKey(opts.deviceKeyFile),
        token: opts.token,
        client: opts.client,
        pool,
      },
      attempts: opts.attempts,
      onStatus: (status) => this.#emit({ kind: 'connection', status }),
    });
    this.#lanes = new Lanes(this.#connection);
    this.remote = remoteSource(this.#connection);
    this.#refresher = setInterval(() => this.#connection.refresh(), refreshMs);
    this.#refresher.unref();
    this.#jobContext = {
      remote: this.remote,
      lanes: this.#lanes,
      pool,
      writesBeside: opts.writesBeside ?? 1,
    };
  }

  async submit(orders: readonly JobOrder[]): Promise<readonly JobId[]> {
    const ids = orders.map((order) => {
      const id = this.#nextId;
      this.#nextId += 1;
      const side: Side = order.direction === 'download' ? 'local' : 'remote';
      const job = new LiveJob(id, order, {
        ...this.#jobContext,
        onChange: () => this.#onChange(id),
        onProgress: () => this.#onProgress(id),
        onArrival: (folder) => this.#onArrival(side, folder),
      });
      this.#jobs.set(id, job);
      this.#changed.add(id);
      return id;
    });
    this.#pumpSoon();
    this.#tellSoon();
    return ids;
  }

  act(action: JobAction, ids: readonly JobId[]): void {
    for (const id of ids) {
      const job = this.#jobs.get(id);
      if (job === undefined) continue;
      if (action === 'pause') job.pause();
      else if (action === 'resume') job.resume();
      else if (action === 'cancel') job.cancel();
      else if (action === 'retry') job.retry();
      else job.retry('overwrite');
    }
    this.#pumpSoon();
  }

  clear(): void {
    for (const [id, job] of [...this.#jobs]) {
      if (!isOver(job.phase)) continue;
      this.#jobs.delete(id);
      this.#changed.delete(id);
      this.#removed.add(id);
    }
    this.#tellSoon();
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    listener({ kind: 'connection', status: this.#connection.status });
    return () => this.#listeners.delete(listener);
  }

  /** All jobs now, in order of the queue. */
  jobs(): readonly Job[] {
    return [...this.#jobs.values()].map((job) => job.snapshot());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#jobs.values()) job.cancel();
    this.#lanes.close();
    this.#connection.close();
    clearTimeout(this.#timer);
    clearInterval(this.#refresher);
    // Partial files are removed once the disk has taken what was on its way to it. A lane that is being opened may take longer.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, tidyMs);
    await Promise.race([Promise.all([...this.#jobs.values()].map((job) => job.idle())), late]);
    clearTimeout(timer);
  }

  #onChange(id: JobId): void {
    this.#changed.add(id);
    // An end is told at once: a command waits for it.
    if (isOver(this.#jobs.get(id)?.phase ?? 'waiting')) this.#tellNow();
    else this.#tellSoon();
    this.#pumpSoon();
  }

  #onProgress(id: JobId): void {
    this.#changed.add(id);
    this.#tellSoon();
  }

  #onArrival(side: Side, folder: Path): void {
    this.#arrivals.set(`${side} ${folder.join('/')}`, { side, folder });
    this.#tellSoon();
  }

  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isClosed) return;
    for (;;) {
      const queue = [...this.#jobs.values()].filter(({ phase }) => !isOver(phase));
      const id = nextJob(queue);
      const job = id === undefined ? undefined : this.#jobs.get(id);
      if (job === undefined) return;
      job.startNext();
    }
  }

  #tellSoon(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, tellMs);
  }

  #tellNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    queueMicrotask(() => {
      if (!this.#isClosed) this.#tell();
    });
  }

  #tell(): void {
    const all = this.jobs();
    const changed = all.filter(({ id }) => this.#changed.has(id));
    const removed = [...this.#removed];
    this.#changed.clear();
    this.#removed.clear();
    if (changed.length > 0 || removed.length > 0)
      this.#emit({ kind: 'jobs', changed, removed, totals: totalsOf(all) });
    for (const arrival of this.#arrivals.values()) this.#emit({ kind: 'changed', ...arrival });
    this.#arrivals.clear();
    // A rate falls also when nothing comes any more.
    if (all.some(({ phase }) => phase === 'moving')) {
      for (const job of all) if (job.phase === 'moving') this.#changed.add(job.id);
      this.#tellSoon();
    }
  }

  #emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

export function totalsOf(jobs: readonly Job[]): Totals {
  const counted = jobs.filter(({ phase }) => phase !== 'cancelled');
  const sum = (of: (job: Job) => number): number => counted.reduce((total, job) => total + of(job), 0);
  return {
    doneBytes: sum(({ doneBytes }) => doneBytes),
    totalBytes: sum(({ totalBytes }) => totalBytes),
    rate: sum(({ rate }) => rate),
  };
}
