/**
 * Which worker wants to hear of which folders, and the thread that watches them; replaced when it dies. Looks into no path. Main thread.
 */

import { Worker } from 'node:worker_threads';
import { Code, FerryError, show, toWireError } from '@ferry/protocol';
import type { BusHub } from '../bus/hub.ts';
import { type Log, note } from '../log.ts';
import { restartAfter } from '../supervisor/restart.ts';
import type { FromWatcher, ToWatcher, Watched, WatchSetup } from './messages.ts';

/** Tells a worker what came of what it asked for with `id`; again, when the watching was interrupted. */
export type Tell = (key: string, id: number, answer: Watched) => void;

type Wanted = {
  /** Of the question that the thread was asked. */
  readonly id: number;
  answer: Watched | undefined;
  /** By worker, with the number of its question. */
  readonly by: Map<Tell, number>;
};

const notWatched = toWireError(new FerryError(Code.IO_ERROR, 'this server cannot watch folders now'));

export type WatchingOpts = Omit<WatchSetup, 'busMember'> & { readonly hub: BusHub; readonly log: Log };

export class Watching {
  readonly #opts: WatchingOpts;
  readonly #wanted = new Map<string, Wanted>();
  #thread: Worker | undefined;
  #crashesMs: readonly number[] = [];
  #nextId = 1;
  #nextMember = 1;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isGivenUp = false;

  constructor(opts: WatchingOpts) {
    this.#opts = opts;
  }

  /** @param tell names the worker; the same function each time */
  want(tell: Tell, key: string, id: number): void {
    const there = this.#wanted.get(key);
    if (this.#isGivenUp) {
      tell(key, id, notWatched);
      return;
    }
    if (there === undefined) {
      const wanted = { id: this.#nextId++, answer: undefined, by: new Map([[tell, id]]) };
      this.#wanted.set(key, wanted);
      if (this.#thread === undefined && this.#retry === undefined) this.#start();
      else this.#post({ kind: 'want', key, id: wanted.id });
      return;
    }
    there.by.set(tell, id);
    if (there.answer !== undefined) tell(key, id, there.answer);
  }

  leave(tell: Tell, key: string): void {
    const wanted = this.#wanted.get(key);
    if (wanted?.by.delete(tell) !== true || wanted.by.size > 0) return;
    this.#wanted.delete(key);
    this.#post({ kind: 'leave', key });
  }

  /** The worker has died. */
  gone(tell: Tell): void {
    for (const key of [...this.#wanted.keys()]) this.leave(tell, key);
  }

  /** Tests only: ends the thread as a bug would. */
  crash(): void {
    void this.#thread?.terminate();
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#thread?.terminate();
  }

  #post(message: ToWatcher): void {
    this.#thread?.postMessage(message);
  }

  #start(): void {
    this.#retry = undefined;
    const { hub, folder, polls } = this.#opts;
    const busMember = hub.nameOf(`watcher.${this.#nextMember++}`);
    const thread = new Worker(new URL('./watch-main.ts', import.meta.url), {
      name: 'watching',
      workerData: { folder, polls, busMember } satisfies WatchSetup,
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
    });
    thread.unref();
    this.#thread = thread;
    const membership = hub.join(busMember, (parcel) => {
      thread.postMessage({ kind: 'bus', parcel } satisfies ToWatcher);
    });
    thread.on('message', (message: FromWatcher) => {
      if (message.kind === 'bus') membership.receive(message.parcel);
      else this.#receive(message);
    });
    let why: Error | undefined;
    thread.on('error', (error) => {
      why = error instanceof Error ? error : new Error(String(error));
    });
    thread.once('exit', () => {
      membership.leave();
      this.#thread = undefined;
      if (!this.#isClosed) this.#died(why);
    });
    for (const [key, wanted] of [...this.#wanted]) {
      const again = { ...wanted, id: this.#nextId++, answer: undefined };
      this.#wanted.set(key, again);
      this.#post({ kind: 'want', key, id: again.id });
    }
  }

  #receive(message: Exclude<FromWatcher, { kind: 'bus' }>): void {
    const wanted = this.#wanted.get(message.key);
    if (wanted === undefined) return;
    if (message.kind === 'over') {
      // One that is asked for again meanwhile has no answer yet.
      if (wanted.answer !== undefined) this.#wanted.delete(message.key);
      return;
    }
    if (wanted.id !== message.id) return;
    wanted.answer = message.answer;
    for (const [tell, id] of wanted.by) tell(message.key, id, message.answer);
    if (!('pollMs' in message.answer)) this.#wanted.delete(message.key);
  }

  /** Folders that are looked at are watched again soon; a thread that dies all the time is given up, and files are served. */
  #died(why: Error | undefined): void {
    const nowMs = performance.now();
    this.#crashesMs = [...this.#crashesMs, nowMs].slice(-100);
    const restart = restartAfter(this.#crashesMs, nowMs);
    note(this.#opts.log, `the thread that watches folders died: ${show(why?.stack ?? 'no reason')}`);
    if (restart.kind === 'wait') {
      this.#retry = setTimeout(() => this.#start(), restart.ms).unref();
      return;
    }
    note(this.#opts.log, 'folders are not watched any more');
    this.#isGivenUp = true;
    for (const [key, { by }] of this.#wanted) for (const [tell, id] of by) tell(key, id, notWatched);
    this.#wanted.clear();
  }
}
