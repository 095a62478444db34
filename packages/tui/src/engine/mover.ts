/**
 * Moves what is in the queue: a LiveJob for every job that has begun, each wish acted on, each end written down. There is
 * one at a time for a queue, in whatever process holds its lock. Queue order decides among equals only (transfer/schedule);
 * every server has places of its own, so that one that is away holds up no other. I/O thread, or inline in a command.
 */

import { asFerryError, type FerryError, type Path, samePath } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { Changes } from '../queue/changes.ts';
import type { QueueStore } from '../queue/queue-store.ts';
import { isMovable, ruleOfJob, type StoredJob, serverKey } from '../queue/stored-job.ts';
import { type ConflictRule, type Question, sameRule } from '../transfer/conflict.ts';
import { combine, type Pace } from '../transfer/pace.ts';
import { type Contender, filesInFlight, nextJob } from '../transfer/schedule.ts';
import { Bandwidth } from './bandwidth.ts';
import { forgetDownload, forgetUploads } from './forget-partials.ts';
import { type Figures, isOver, type JobId, type LiveView } from './job.ts';
import { LiveJob } from './live-job.ts';
import type { JobOrigin } from './live-job-context.ts';
import type { Line, Servers } from './servers.ts';

export type MoverOpts = {
  readonly store: QueueStore;
  readonly servers: Servers;
  readonly pool: BlockPool;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside: number;
  /** The server whose failed jobs are kept at hand, for a retry of just what failed. */
  readonly ownKey: string | undefined;
  readonly onChange: (id: JobId) => void;
  readonly onProgress: (id: JobId) => void;
  /** Something appeared in a folder of the receiving side. */
  readonly onArrival: (job: StoredJob, folder: Path) => void;
  /** The queue's file could not be written; jobs go on. */
  readonly onTrouble: (error: FerryError) => void;
};

type Live = {
  readonly job: LiveJob;
  readonly line: Line;
  /** The line to the server that its files come from, where that is not this machine. */
  readonly from: Line | undefined;
  attempt: number;
  /** How many of its answers were heeded, and the rule of the last. */
  answers: number;
  rule: ConflictRule;
  question: Question | undefined;
  /** Its end is in the store. */
  settled: boolean;
};

type Placed = Contender & { readonly place: number };

function contenderOf({ id, wish }: StoredJob): Placed {
  return { id, place: wish.place, priority: wish.priority, inFlight: 0, ready: true };
}

function originOf({ remote, owners, lanes, key }: Line): JobOrigin {
  return { remote, owners, lanes, key };
}

/** How long stopping waits for what is to be removed, milliseconds. */
const tidyMs = 1000;

export class Mover {
  readonly #opts: MoverOpts;
  readonly #live = new Map<JobId, Live>();
  /** By server, what has not begun and may, first come first; undefined when it must be made anew. */
  #waiting: ReadonlyMap<string, StoredJob[]> | undefined;
  /** Forgotten, but still removing what they left. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #bandwidth = new Bandwidth();
  #isPumping = false;
  #isStopped = false;

  constructor(opts: MoverOpts) {
    this.#opts = opts;
    this.#bandwidth.follow(opts.store.settings);
  }

  view(id: JobId): LiveView | undefined {
    return this.#live.get(id)?.job.snapshot();
  }

  moving(): readonly JobId[] {
    return [...this.#live].flatMap(([id, { job }]) => (job.phase === 'moving' ? [id] : []));
  }

  /** True while something moves or could. */
  get isBusy(): boolean {
    const { store } = this.#opts;
    return (
      this.#leaving.size > 0 ||
      [...this.#live.values()].some(({ settled }) => !settled) ||
      store.jobs().some((job) => isMovable(job, store.settings))
    );
  }

  /** Acts on what is different in the store. */
  follow({ changed, removed, settings }: Changes): void {
    for (const id of removed) {
      this.#live.get(id)?.job.cancel();
      this.#drop(id);
    }
    if (settings || removed.size > 0) this.#waiting = undefined;
    if (settings) this.#bandwidth.follow(this.#opts.store.settings);
    const concerned = settings ? new Set([...changed, ...this.#live.keys()]) : changed;
    for (const id of concerned) this.#heed(id);
    this.pumpSoon();
  }

  /** Writes how far everything is, and what could not be written when it came: beginnings, questions, ends. */
  write(): void {
    this.#tellBegun();
    const figures = new Map<JobId, Figures>();
    for (const [id, live] of this.#live) {
      const { phase } = live.job;
      if (isOver(phase)) this.#settle(id, live);
      else if (phase === 'moving') figures.set(id, live.job.snapshot().figures);
      this.#tellQuestion(id, live);
    }
    if (figures.size > 0) this.#attempt(() => this.#opts.store.progress(figures));
  }

  pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  /** Leaves everything to the next one, or to the user's next command. */
  async end(): Promise<void> {
    this.#isStopped = true;
    this.#bandwidth.close();
    const open = [...this.#live].filter(([, { job }]) => !isOver(job.phase));
    for (const [, { job }] of open) job.stop();
    // Partial files are removed once the disk has taken what was on its way to it. A lane that is being opened may take longer.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, tidyMs);
    const idle = [...this.#live.values()].map(({ job }) => job.idle());
    await Promise.race([Promise.all([...idle, ...this.#leaving]), late]);
    clearTimeout(timer);
    for (const [id, { job }] of open) {
      const { phase, figures, digest } = job.snapshot();
      this.#attempt(() =>
        this.#opts.store.settle(id, { phase, begun: true, figures, digest, endedMs: undefined }),
      );
    }
  }

  /** Whoever goes on with a job must know that some of it may be at its target. */
  #tellBegun(): void {
    const { store } = this.#opts;
    const untold = [...this.#live].flatMap(([id, { settled }]) =>
      settled || store.get(id)?.fact.begun !== false ? [] : [id],
    );
    if (untold.length > 0) this.#attempt(() => store.begin(untold));
  }

  #heed(id: JobId): void {
    const { store } = this.#opts;
    const row = store.get(id);
    if (row === undefined) return;
    const live = this.#live.get(id);
    if (live === undefined) {
      if (!isOver(row.fact.phase)) this.#waiting = undefined;
      if (row.wish.cancelled && !isOver(row.fact.phase)) this.#endCancelled(row);
      return;
    }
    const { job } = live;
    const isRetried = row.wish.attempt > live.attempt;
    if (isRetried) {
      live.attempt = row.wish.attempt;
      live.settled = false;
    }
    if (row.wish.cancelled) {
      job.cancel();
      return;
    }
    if (isRetried) {
      live.rule = ruleOfJob(row);
      job.retry(live.rule);
    }
    this.#heedAnswer(row, live);
    job.limit = row.wish.limit;
    if (row.wish.paused || store.settings.pausedAll) job.pause();
    else job.resume();
  }

  /** One that nobody is moving. */
  #endCancelled(row: StoredJob): void {
    const { store, servers } = this.#opts;
    const { id, order, fact } = row;
    this.#attempt(() =>
      store.settle(id, { ...fact, phase: 'cancelled', endedMs: Date.now(), digest: undefined }),
    );
    if (!fact.begun) return;
    if (order.direction === 'download') {
      forgetDownload(order);
      return;
    }
    const line = servers.open(row.server);
    const from = order.origin === undefined ? undefined : servers.open(order.origin);
    const gone = forgetUploads(order, line, from === undefined ? undefined : originOf(from)).finally(() => {
      this.#leaving.delete(gone);
      servers.release(line);
      if (from !== undefined) servers.release(from);
    });
    this.#leaving.add(gone);
  }

  #heedAnswer(row: StoredJob, live: Live): void {
    const { count = 0, sourcePath, answer } = row.wish.answer ?? {};
    if (count > live.answers) {
      live.answers = count;
      const { question } = live.job;
      if (answer !== undefined && question !== undefined && samePath(question.sourcePath, sourcePath ?? []))
        live.job.answer(answer);
    }
    const rule = ruleOfJob(row);
    if (sameRule(rule, live.rule)) return;
    live.rule = rule;
    live.job.rule = rule;
  }

  #pump(): void {
    if (this.#isStopped) return;
    this.#waiting ??= this.#sorted();
    const begun: JobId[] = [];
    for (const key of new Set([...this.#waiting.keys(), ...this.#lineKeys()])) this.#fill(key, begun);
    // Nothing is at its target before this turn of the loop is over.
    if (begun.length > 0) this.#attempt(() => this.#opts.store.begin(begun));
  }

  #lineKeys(): readonly string[] {
    return [...this.#live.values()].map(({ line }) => line.key);
  }

  /** Gives out the places of one server. */
  #fill(key: string, begun: JobId[]): void {
    for (;;) {
      const live = this.#liveOf(key);
      const waiting = this.#firstWaiting(key, live);
      const id = nextJob([...live, ...waiting.map(contenderOf)].toSorted((a, b) => a.place - b.place));
      if (id === undefined) return;
      const row = waiting.find((job) => job.id === id);
      if (row !== undefined) begun.push(id);
      const next = row === undefined ? this.#live.get(id) : this.#begin(row);
      next?.job.startNext();
    }
  }

  #liveOf(key: string): readonly Placed[] {
    return [...this.#live].flatMap(([id, { job, line }]) => {
      const row = this.#opts.store.get(id);
      if (line.key !== key || row === undefined || isOver(job.phase) || job.phase === 'paused') return [];
      return [{ ...contenderOf(row), inFlight: job.inFlight, ready: job.ready }];
    });
  }

  /** Those that may begin: some look for their first file while others move, so that nobody waits for a round trip. */
  #firstWaiting(key: string, live: readonly Placed[]): readonly StoredJob[] {
    const list = this.#waiting?.get(key) ?? [];
    const gone = list.findIndex(({ id }) => !this.#live.has(id));
    list.splice(0, gone < 0 ? list.length : gone);
    const [first] = list;
    if (first === undefined) return [];
    const looking = live.filter(
      ({ inFlight, priority }) => inFlight === 0 && priority >= first.wish.priority,
    ).length;
    return looking < filesInFlight ? [first] : [];
  }

  #sorted(): ReadonlyMap<string, StoredJob[]> {
    const { store } = this.#opts;
    const lists = new Map<string, StoredJob[]>();
    for (const job of store.jobs()) {
      if (this.#live.has(job.id) || !isMovable(job, store.settings)) continue;
      const key = serverKey(job.server);
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [job]);
      else list.push(job);
    }
    // Stable: among equals the order of the queue stays.
    for (const list of lists.values()) list.sort((a, b) => b.wish.priority - a.wish.priority);
    return lists;
  }

  #begin(row: StoredJob): Live {
    const { servers, pool, writesBeside, onProgress, onArrival } = this.#opts;
    const { id, order, wish, fact } = row;
    const rule = ruleOfJob(row);
    const line = servers.open(row.server);
    const from = order.origin === undefined ? undefined : servers.open(order.origin);
    const job = new LiveJob(
      id,
      { ...order, existing: rule.policy, allowEmpty: rule.allowEmpty ?? false },
      {
        remote: line.remote,
        origin: from === undefined ? undefined : originOf(from),
        owners: line.owners,
        lanes: line.lanes,
        bandwidth: this.#paceOf(order),
        pool,
        writesBeside,
        resumed: fact.begun,
        mayAsk: order.existing === 'ask',
        onChange: () => this.#onChange(id),
        onProgress: () => onProgress(id),
        onArrival: (folder) => onArrival(row, folder),
      },
    );
    job.limit = wish.limit;
    const live: Live = {
      job,
      line,
      from,
      attempt: wish.attempt,
      answers: wish.answer?.count ?? 0,
      rule,
      question: undefined,
      settled: false,
    };
    this.#live.set(id, live);
    return live;
  }

  /** What goes from one server to another comes down and goes up. */
  #paceOf({ direction, origin }: StoredJob['order']): Pace {
    const own = this.#bandwidth.of(direction);
    return origin === undefined ? own : combine(this.#bandwidth.of('download'), own);
  }

  #onChange(id: JobId): void {
    if (this.#isStopped) return;
    const live = this.#live.get(id);
    if (live === undefined) return;
    if (isOver(live.job.phase)) this.#settle(id, live);
    this.#tellQuestion(id, live);
    this.#opts.onChange(id);
    this.pumpSoon();
  }

  #tellQuestion(id: JobId, live: Live): void {
    const { question } = live.job;
    if (question === live.question) return;
    if (this.#attempt(() => this.#opts.store.asks(id, question))) live.question = question;
  }

  #settle(id: JobId, live: Live): void {
    if (!live.settled) {
      const { phase, figures, digest } = live.job.snapshot();
      live.settled = this.#attempt(() =>
        this.#opts.store.settle(id, { phase, begun: true, figures, digest, endedMs: Date.now() }),
      );
    }
    const isKept = live.job.phase === 'failed' && live.line.key === this.#opts.ownKey;
    if (live.settled && !isKept && live.job.isIdle) this.#drop(id);
  }

  #drop(id: JobId): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    this.#live.delete(id);
    const left = live.job.idle().then(() => {
      this.#leaving.delete(left);
      this.#opts.servers.release(live.line);
      if (live.from !== undefined) this.#opts.servers.release(live.from);
    });
    this.#leaving.add(left);
  }

  #attempt(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      this.#opts.onTrouble(
        asFerryError(error, (bug) => {
          throw bug;
        }),
      );
      return false;
    }
  }
}
