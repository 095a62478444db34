/**
 * One seed's story of a queue: a user with several ferrys, some with a screen, some in the background, some that only give an
 * order; they are killed, lose their power, find the disk full. Loaded by main.ts after the model's clock and files are in place.
 */

import { EntryKind, FerryError, type Name } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import type { JobOrder, Priority } from '../../../packages/tui/src/engine/job.ts';
import { JobQueue, type JobQueueOpts } from '../../../packages/tui/src/engine/job-queue.ts';
import { untilNothingLeft } from '../../../packages/tui/src/engine/until-nothing-left.ts';
import type { AskOne } from '../../../packages/tui/src/queue/asked.ts';
import { lacksMover } from '../../../packages/tui/src/queue/lacks-mover.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import {
  isMovable,
  phaseOf,
  type QueueOrder,
  type QueueServer,
  serverKey,
} from '../../../packages/tui/src/queue/stored-job.ts';
import type { ConflictPolicy } from '../../../packages/tui/src/transfer/conflict.ts';
import { trouble } from '../model/sqlite.ts';
import { type Machine, type Process, type World, world } from '../world.ts';
import { newWitness, Story, type Witness } from './witness.ts';

export const file = '/home/user/.ferry/queue.db';

export const servers: readonly QueueServer[] = [1, 2].map((port) => ({
  host: 'there',
  port,
  fingerprint: 'abcd' as Fingerprint,
}));

/** The user's orders come within so many milliseconds. */
const busyMs = 3000;
/** After the last fault everything must have come to its end within. */
const endMs = 600_000;

type Browser = { readonly process: Process; readonly queue: JobQueue };

/** An order to the queue, told as what to do with a store; gives names of jobs that it adds. */
type Act = (store: QueueStore) => void;

export class QueueLife {
  readonly #world: World;
  readonly #witness: Witness;
  readonly #machine: Machine;
  readonly #browsers: Browser[] = [];
  #names = 0;
  #mayStrand = false;
  #isSmooth = false;
  orders = 0;

  constructor(at: World) {
    this.#world = at;
    this.#machine = at.machine('home');
    this.#witness = newWitness();
  }

  async run(): Promise<Witness> {
    const at = this.#world;
    trouble.fullPercent = at.chance(15) ? 3 : 0;
    if (at.chance(70)) this.#startBrowser();
    const orders = 3 + at.random(10);
    for (let i = 0; i < orders; i++) this.#later(() => this.#doSomething());
    if (at.chance(50)) for (let i = at.random(3); i >= 0; i--) this.#later(() => this.#killSomebody());
    if (at.chance(25)) this.#later(() => this.#cutPower());
    await at.run(at.nowMs + busyMs);
    trouble.fullPercent = 0;
    for (const process of this.#machine.processes) process.stepsLeft = undefined;
    for (const story of this.#witness.stories.values()) story.isSmooth = true;
    this.#isSmooth = true;
    await this.#bringToEnd();
    return this.#witness;
  }

  #later(run: () => void): void {
    const at = this.#world;
    at.timer(run, at.random(busyMs), { process: at.outside });
  }

  /** Whatever stands is told to go on, until all is over. */
  async #bringToEnd(): Promise<void> {
    const at = this.#world;
    const until = at.nowMs + endMs;
    this.#goOn();
    for (;;) {
      await at.run(Math.min(until, at.nowMs + 2000));
      const over = this.#isOver();
      if (over || at.nowMs >= until) break;
      this.#goOn();
    }
    this.#inScript((store) => {
      at.must(this.#isOver(), () => {
        const open = store.jobs().filter(({ fact }) => fact.endedMs === undefined);
        return `does not end: ${open.map(({ id, fact, wish }) => `${id} ${fact.phase} ${JSON.stringify(wish)}`).join(', ')}`;
      });
    });
    await at.run(at.nowMs + 1500);
    const reader = at.process('reader', this.#machine);
    at.post(reader, () => {
      const queue = this.#open(undefined);
      this.#witness.checkEnd(queue.store, queue.jobs());
      at.watch(
        reader,
        queue.close().then(() => at.end(reader)),
      );
    });
    await at.run(at.nowMs + 10);
  }

  #isOver(): boolean {
    let over = false;
    const reader = this.#world.process('reader', this.#machine);
    const before = this.#world.current;
    this.#world.current = reader;
    const store = QueueStore.open(file);
    over = store.jobs().every((job) => {
      const phase = phaseOf(job, store.settings);
      const isHopeless = phase === 'failed' && this.#witness.story(job.order).isHopeless;
      return phase === 'done' || phase === 'cancelled' || isHopeless;
    });
    store.close();
    this.#world.end(reader);
    this.#world.current = before;
    return over;
  }

  #goOn(): void {
    const act = (store: QueueStore): void => {
      store.set({ pausedAll: false });
      const ids = store.jobs().map(({ id }) => id);
      store.ask('resume', ids);
      store.ask(
        'overwrite',
        ids.filter((id) => !this.#witness.story(store.get(id)!.order).isHopeless),
      );
      this.#answerAll(store);
    };
    const [browser] = this.#alive();
    if (browser !== undefined) this.#inBrowser(browser, act);
    else this.#inScript(act, 'if more may move');
  }

  #alive(): readonly Browser[] {
    return this.#browsers.filter(({ process }) => process.isAlive);
  }

  #doSomething(): void {
    const at = this.#world;
    const choice = at.random(20);
    const [browser, ...others] = this.#alive();
    if (choice === 0 && others.length === 0) {
      this.#startBrowser();
      return;
    }
    if (choice === 1 && browser !== undefined) {
      this.#closeBrowser(browser);
      return;
    }
    const act = this.#act();
    const chosen = at.pick(this.#alive());
    if (chosen !== undefined && at.chance(60)) this.#inBrowser(chosen, act);
    else this.#inScript(act, 'a mover');
  }

  #act(): Act {
    const at = this.#world;
    const choice = at.random(16);
    if (choice < 5) return this.#submission();
    const some = (store: QueueStore): number[] =>
      store.jobs().flatMap(({ id }) => (at.chance(40) ? [id] : []));
    if (choice < 11) {
      const whats: readonly AskOne[] = ['pause', 'resume', 'resume', 'cancel', 'retry', 'overwrite'];
      const what = whats[choice - 5]!;
      return (store) => {
        const ids = some(store).slice(0, what === 'cancel' ? 1 : 99);
        if (what === 'cancel') for (const id of ids) this.#storyOf(store, id).wasCancelled = true;
        store.ask(what, ids);
        this.#check(store, what, ids);
      };
    }
    if (choice === 11) {
      const priority = (1 + at.random(5)) as Priority;
      return (store) => store.setPriority(some(store), priority);
    }
    if (choice === 12) return (store) => store.ask(at.pick(['top', 'up', 'down'] as const)!, some(store));
    if (choice === 13) return (store) => store.set({ pausedAll: at.chance(60) });
    if (choice === 14) return (store) => this.#answerAll(store);
    return (store) => {
      const over = store.jobs().filter(({ fact }) => fact.endedMs !== undefined);
      const ids = over.slice(0, 2).map(({ id }) => id);
      for (const id of ids) this.#witness.removed.add(id);
      store.clear(ids);
    };
  }

  /** What was asked is so. */
  #check(store: QueueStore, what: AskOne, ids: readonly number[]): void {
    const phases = new Map<number, string>(store.jobs().map((job) => [job.id, job.fact.phase]));
    for (const id of ids) {
      if (['done', 'failed', 'cancelled'].includes(phases.get(id) ?? 'done')) continue;
      const wish = store.get(id)?.wish;
      if (wish?.cancelled === true && what !== 'cancel') continue;
      if (what === 'pause') this.#world.must(wish?.paused === true, `job ${id} is not paused`);
      if (what === 'resume') this.#world.must(wish?.paused === false, `job ${id} is not resumed`);
      if (what === 'cancel') this.#world.must(wish?.cancelled === true, `job ${id} is not cancelled`);
    }
  }

  #storyOf(store: QueueStore, id: number): Story {
    return this.#witness.story(store.get(id)!.order);
  }

  #submission(): Act {
    const at = this.#world;
    const orders = Array.from({ length: 1 + at.random(3) }, () => this.#order());
    const names = orders.map(({ order }) => String(order.source.at(-1)));
    return (store) => this.#witness.adds(store.add(orders, Date.now()), names);
  }

  #order(): QueueOrder {
    const at = this.#world;
    this.#names += 1;
    const name = `file ${this.#names}`;
    const story = new Story(name, at.random);
    story.isSmooth = this.#isSmooth;
    this.#witness.stories.set(name, story);
    return {
      server: servers[at.random(4) === 0 ? 1 : 0]!,
      order: orderOf(name, at.chance(30) ? 'ask' : 'fail'),
      ...(at.chance(15) ? { paused: true } : {}),
      ...(at.chance(30) ? { priority: (1 + at.random(5)) as Priority } : {}),
    };
  }

  #answerAll(store: QueueStore): void {
    // What is asked now, whatever others did since this one looked.
    store.ask('resume', []);
    for (const { id, fact } of store.jobs())
      if (fact.question !== undefined)
        store.answer(id, fact.question.sourcePath, { policy: 'overwrite', scope: 'this' });
  }

  /** Ended in the middle of an order nobody knows what became of it. */
  #give(store: QueueStore, process: Process, act: Act): void {
    this.orders += 1;
    this.#world.trace(() => `orders ${act.toString().replaceAll(/\s+/g, ' ').slice(0, 100)}`);
    try {
      act(store);
      this.#world.trace(() =>
        store
          .jobs()
          .map(
            ({ id, fact, wish }) =>
              `${id}:${fact.phase}${wish.paused ? 'P' : ''}${wish.cancelled ? 'C' : ''}`,
          )
          .join(' '),
      );
      if (process.isAlive) this.#witness.sees(store);
      else this.#witness.doubts();
    } catch (error) {
      this.#witness.doubts();
      throw error;
    }
  }

  #inBrowser({ process, queue }: Browser, act: Act): void {
    this.#world.post(process, () => queue.wish((store) => this.#give(store, process, act)));
  }

  /** Who only looks, or changes nothing, starts nobody: a queue must not depend on that unless somebody was ended. */
  #inScript(act: Act, starts: 'nobody' | 'a mover' | 'if more may move' = 'nobody'): void {
    const at = this.#world;
    const process = at.process('script', this.#machine);
    at.post(process, () => {
      try {
        const store = QueueStore.open(file);
        const before = movable(store);
        this.#give(store, process, act);
        const wantsMover =
          starts === 'a mover' || (starts !== 'nobody' && (this.#mayStrand || movable(store) > before));
        const spawns = wantsMover && lacksMover(store);
        store.close();
        if (spawns) at.timer(() => this.#startMover(), at.random(300), { process: at.outside });
      } catch (error) {
        if (!isTrouble(error)) throw error;
        // The disk was full, or it was killed: its jobs may be there, and nobody to move them.
        this.#mayStrand = true;
      } finally {
        at.end(process);
      }
    });
  }

  #open(ownKey: string | undefined): JobQueue {
    return openQueue(this.#witness, ownKey);
  }

  #startBrowser(): void {
    const at = this.#world;
    const process = at.process('browser', this.#machine);
    at.post(process, () => {
      try {
        this.#browsers.push({ process, queue: this.#open(serverKey(servers[0]!)) });
      } catch (error) {
        if (!isTrouble(error)) throw error;
        at.end(process);
      }
    });
  }

  #closeBrowser({ process, queue }: Browser): void {
    const at = this.#world;
    this.#mayStrand = true;
    this.#browsers.splice(
      0,
      this.#browsers.length,
      ...this.#browsers.filter((one) => one.process !== process),
    );
    at.post(process, () => {
      at.watch(
        process,
        queue.close().then(() => at.end(process)),
      );
    });
  }

  #startMover(): void {
    const at = this.#world;
    const process = at.process('mover', this.#machine);
    at.post(process, () => {
      try {
        const queue = this.#open(undefined);
        const moved = untilNothingLeft(queue, new AbortController().signal).then(() => queue.close());
        at.watch(
          process,
          moved.then(() => at.end(process)),
        );
      } catch (error) {
        if (!isTrouble(error)) throw error;
        at.end(process);
        this.#mayStrand = true;
      }
    });
  }

  #killSomebody(): void {
    const victim = this.#world.pick([...this.#machine.processes]);
    if (victim === undefined) return;
    this.#mayStrand = true;
    // Now, or in one of the calls to come.
    if (this.#world.chance(30)) this.#world.kill(victim);
    else victim.stepsLeft = 1 + this.#world.random(40);
  }

  #cutPower(): void {
    const at = this.#world;
    this.#mayStrand = true;
    at.cutPower(this.#machine);
    const reader = at.process('reader', this.#machine);
    at.post(reader, () => {
      const { fullPercent } = trouble;
      trouble.fullPercent = 0;
      const store = QueueStore.open(file);
      this.#witness.checkAfterPowerCut(store);
      store.close();
      at.end(reader);
      trouble.fullPercent = fullPercent;
      if (at.chance(50)) this.#startBrowser();
    });
  }
}

/** Moves jobs if nobody else does, as the running process. @throws as JobQueue */
export function openQueue(seenBy: Witness, ownKey: string | undefined): JobQueue {
  const opts: Omit<JobQueueOpts, 'servers' | 'pool'> = {
    queueFile: file,
    ownKey,
    writesBeside: 1,
    emit: () => {},
  };
  // Only a job at work would use them.
  const line = { open: (server: QueueServer) => ({ key: serverKey(server) }), release: () => {} };
  const queue = new JobQueue({ ...opts, servers: line, pool: {} } as unknown as JobQueueOpts);
  seenBy.storeOf.set(world().current, queue.store);
  return queue;
}

export function orderOf(name: string, existing: ConflictPolicy): JobOrder {
  return {
    direction: 'download',
    source: [name as Name],
    target: [name as Name],
    kind: EntryKind.file,
    existing,
  };
}

function movable(store: QueueStore): number {
  return store.jobs().filter((job) => isMovable(job, store.settings)).length;
}

/** A full disk. What a process that is no more stumbles over, nobody hears. */
function isTrouble(error: unknown): boolean {
  const { cause } = error instanceof FerryError ? error : { cause: error };
  world().trace(() => String(cause));
  if (!world().current.isAlive) return true;
  return trouble.fullPercent > 0 && cause instanceof Error && 'errcode' in cause && cause.errcode === 13;
}
