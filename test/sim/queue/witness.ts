/**
 * Sees everything that happens to the queue in a simulation, and says when it is not what was promised: nothing runs twice at
 * once, nothing begins out of turn or against a wish, nothing that was acknowledged is lost.
 */

import { ok } from 'node:assert/strict';
import type { Job, JobId, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import type { LiveJob } from '../../../packages/tui/src/engine/live-job.ts';
import type { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import {
  isMovable,
  type StoredJob,
  serverKey,
  type Wish,
} from '../../../packages/tui/src/queue/stored-job.ts';
import { filesInFlight } from '../../../packages/tui/src/transfer/schedule.ts';
import { trouble } from '../model/sqlite.ts';
import { type Process, world } from '../world.ts';

/** What the witness looks at of a job at work. */
export type AtWork = Pick<LiveJob, 'id' | 'order' | 'inFlight' | 'ready'>;

export type Verdict = 'done' | 'transient' | 'stall' | 'taken' | 'permanent';

/** What happens to one job's files, whoever moves them. */
export class Story {
  readonly name: string;
  readonly files: number;
  readonly fileMs: number;
  /** By file, what comes before it is done; `permanent` stays. */
  readonly #ahead: Verdict[][];
  isSmooth = false;
  readonly delivered = new Set<number>();
  wasCancelled = false;

  constructor(name: string, random: (below: number) => number, told?: readonly Verdict[], fileMs = 1000) {
    this.name = name;
    if (told !== undefined) {
      this.files = 1;
      this.fileMs = fileMs;
      this.#ahead = [[...told]];
      return;
    }
    this.files = 1 + random(3);
    this.fileMs = 1 + random(400);
    this.#ahead = Array.from({ length: this.files }, () => {
      const kind = random(24);
      if (kind === 0) return ['permanent'];
      if (kind === 1) return ['taken'];
      if (kind === 2) return ['stall'];
      if (kind < 8) return Array<Verdict>(1 + random(8)).fill('transient');
      return [];
    });
  }

  get isHopeless(): boolean {
    return this.#ahead.some(([first]) => first === 'permanent');
  }

  verdict(file: number): Verdict {
    const ahead = this.#ahead[file] ?? [];
    const [first] = ahead;
    if (first === undefined || (this.isSmooth && first !== 'permanent')) return 'done';
    if (first !== 'permanent' && first !== 'taken') ahead.shift();
    return first;
  }

  /** The name in the way may be replaced. */
  overwrite(): void {
    for (const ahead of this.#ahead) if (ahead[0] === 'taken') ahead.shift();
  }
}

/** How long another process may go on before it sees a wish, milliseconds. */
const lookMs = 250;
const roundMs = 4 * lookMs;

export class Witness {
  readonly stories = new Map<string, Story>();
  /** What users were told is in the queue. */
  readonly acknowledged = new Map<JobId, string>();
  readonly removed = new Set<JobId>();
  readonly storeOf = new Map<Process, QueueStore>();
  begun = 0;
  retries = 0;
  readonly #wishes = new Map<JobId, Wish>();
  /** Since when somebody was told that nothing more of it moves. */
  readonly #still = new Map<JobId, number>();
  readonly #live = new Map<Process, Map<JobId, AtWork>>();
  readonly #working = new Map<JobId, Process>();
  readonly #touched = new Set<JobId>();

  story({ source }: Pick<JobOrder, 'source'>): Story {
    const story = this.stories.get(String(source.at(-1)));
    ok(story !== undefined);
    return story;
  }

  /** An order was carried out and its user told so; this is what it looks like. */
  sees(store: QueueStore): void {
    for (const job of store.jobs()) {
      this.#wishes.set(job.id, job.wish);
      if (isMovable(job, store.settings)) this.#still.delete(job.id);
      else if (!this.#still.has(job.id)) this.#still.set(job.id, world().nowMs);
    }
  }

  adds(ids: readonly JobId[], names: readonly string[]): void {
    for (const [i, id] of ids.entries()) {
      world().must(!this.acknowledged.has(id), `number ${id} was given twice`);
      this.acknowledged.set(id, names[i] ?? '');
    }
  }

  begins(process: Process, job: AtWork, resumed: boolean): void {
    if (!process.isAlive) return;
    const { id } = job;
    world().trace(() => `job ${id} begins${resumed ? ' again' : ''}`);
    this.begun += 1;
    const store = this.#store(process);
    const row = store.get(id);
    world().must(row !== undefined && isMovable(row, store.settings), `job ${id} begins against its wish`);
    world().must(resumed || !this.#touched.has(id), `job ${id} begins as if nothing of it were there`);
    const live = this.#liveOf(process);
    live.set(id, job);
    if (row === undefined) return;
    const passedOver = store
      .jobs()
      .find(
        (other) =>
          !live.has(other.id) &&
          isMovable(other, store.settings) &&
          serverKey(other.server) === serverKey(row.server) &&
          goesBefore(other, row),
      );
    world().must(passedOver === undefined, () => `job ${id} begins before job ${passedOver?.id}`);
  }

  starts(process: Process, id: JobId): void {
    if (!process.isAlive) return;
    const store = this.#store(process);
    const row = store.get(id);
    const stillSince = this.#still.get(id) ?? Number.POSITIVE_INFINITY;
    world().must(world().nowMs <= stillSince + lookMs, `job ${id} goes on after its user stopped it`);
    if (row === undefined) return;
    let places = 0;
    for (const [otherId, other] of this.#liveOf(process)) {
      const their = store.get(otherId);
      if (their === undefined || serverKey(their.server) !== serverKey(row.server)) continue;
      places += other.inFlight;
      const isBetter = otherId !== id && other.ready && their.wish.priority > row.wish.priority;
      world().must(!isBetter, `job ${id} takes the place of job ${otherId}, which has a higher priority`);
    }
    world().must(places < filesInFlight, 'more files move than there are places');
  }

  works(process: Process, id: JobId): void {
    if (!process.isAlive) return;
    const other = this.#working.get(id);
    world().must(
      other === undefined || other === process || !other.isAlive,
      () => `job ${id} is moved by ${other?.name} and by ${process.name}`,
    );
    this.#working.set(id, process);
  }

  rests(process: Process, id: JobId): void {
    if (this.#working.get(id) === process) this.#working.delete(id);
  }

  delivers(process: Process, { id, order }: Pick<AtWork, 'id' | 'order'>, file: number): void {
    // A disk that was full is written to again a round later.
    if (this.#store(process).get(id)?.fact.begun === true) this.#touched.add(id);
    else world().must(world().nowMs <= trouble.lastFullMs + roundMs, `nothing says that job ${id} has begun`);
    world().trace(() => `job ${id}: file ${file} is there`);
    this.story(order).delivered.add(file);
  }

  /** After a power cut, before anybody does anything. */
  checkAfterPowerCut(store: QueueStore): void {
    this.checkNothingLost(store);
    for (const job of store.jobs()) {
      const wish = this.#wishes.get(job.id);
      if (wish === undefined) continue;
      const same = JSON.stringify(wish) === JSON.stringify(job.wish);
      world().must(same, `a wish about job ${job.id} is lost`);
    }
    // What had come of them may be forgotten, and is done again.
    this.sees(store);
  }

  /** Somebody was ended before being told: what was wished may be so or not, until somebody sees. */
  doubts(): void {
    this.#wishes.clear();
    this.#still.clear();
  }

  checkNothingLost(store: QueueStore): void {
    for (const [id, name] of this.acknowledged) {
      const row = store.get(id);
      world().must(row !== undefined || this.removed.has(id), `job ${id} is lost`);
      world().must(row === undefined || row.order.source.at(-1) === name, `job ${id} is another one`);
    }
  }

  /** When all faults have ended and everything has been seen to. */
  checkEnd(store: QueueStore, jobs: readonly Job[]): void {
    this.checkNothingLost(store);
    for (const job of jobs) {
      const story = this.story(job);
      const { id, phase, endedMs } = job;
      const all = story.delivered.size === story.files;
      world().must(endedMs !== undefined, `nobody knows when job ${id} ended`);
      if (phase === 'done') world().must(all, `job ${id} is called done and is not`);
      else if (phase === 'cancelled') world().must(story.wasCancelled, `nobody cancelled job ${id}`);
      else
        world().must(
          phase === 'failed' && story.isHopeless,
          `job ${id} ends as ${phase}, though nothing is in its way`,
        );
    }
  }

  #liveOf(process: Process): Map<JobId, AtWork> {
    let live = this.#live.get(process);
    if (live === undefined) {
      live = new Map();
      this.#live.set(process, live);
    }
    return live;
  }

  #store(process: Process): QueueStore {
    const store = this.storeOf.get(process);
    ok(store !== undefined);
    return store;
  }
}

function goesBefore(a: StoredJob, b: StoredJob): boolean {
  if (a.wish.priority !== b.wish.priority) return a.wish.priority > b.wish.priority;
  return a.wish.place < b.wish.place;
}

let here = new Witness();

export function witness(): Witness {
  return here;
}

export function newWitness(): Witness {
  here = new Witness();
  return here;
}
