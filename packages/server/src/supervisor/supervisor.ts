/**
 * Keeps the worker threads: starts them, hands each accepted connection to the one with the fewest, replaces the dead,
 * drains them all. Parses nothing that comes from the network. Main thread.
 */

import type { Socket } from 'node:net';
import { Code, FerryError, limits, show } from '@ferry/protocol';
import { type Log, note } from '../log.ts';
import type { WorkerSetup } from './messages.ts';
import { Registry } from './registry.ts';
import { restartAfter } from './restart.ts';
import { WorkerHandle } from './worker-handle.ts';

export type SupervisorOpts = {
  readonly threads: number;
  readonly setup: Omit<WorkerSetup, 'tidies'>;
  readonly log: Log;
  /** Workers die faster than it makes sense to replace them. */
  readonly onGiveUp: () => void;
};

export class Supervisor {
  readonly #opts: SupervisorOpts;
  readonly #workers = new Set<WorkerHandle>();
  readonly #registry = new Registry();
  /** Accepted and not handed over: too many strangers, or no worker lives. At most limits.strangersWaiting. */
  readonly #waiting: Socket[] = [];
  #crashesMs: readonly number[] = [];
  #nextConnection = 1;
  #isDraining = false;
  #onLastDrained: () => void = () => {};

  constructor(opts: SupervisorOpts) {
    this.#opts = opts;
  }

  /** Resolves when every worker takes connections. Rejects when one cannot start. */
  async start(): Promise<void> {
    const ready = Array.from({ length: this.#opts.threads }, (_, i) => {
      return new Promise<void>((resolve, reject) => this.#spawn(i + 1, resolve, reject));
    });
    await Promise.all(ready);
  }

  accept(socket: Socket): void {
    if (this.#isDraining || this.#waiting.length >= limits.strangersWaiting) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    this.#admit();
  }

  /** Resolves when nothing moves any more and every connection is closed. It has no limit of its own. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    return new Promise((resolve) => {
      this.#onLastDrained = resolve;
      for (const worker of this.#workers) worker.drain();
      if (this.#workers.size === 0) resolve();
    });
  }

  /** Tests only: makes the busiest worker throw. */
  crashOne(): void {
    [...this.#workers].toSorted((a, b) => b.load - a.load)[0]?.crash();
  }

  /** Hands over who waits, first come, first served, as long as there is room for strangers. */
  #admit(): void {
    while (this.#strangers < limits.strangers) {
      const worker = this.#leastLoaded();
      const socket = worker === undefined ? undefined : this.#waiting.shift();
      if (worker === undefined || socket === undefined) return;
      // Its peer may be gone already; such a socket has no handle to hand over.
      if (socket.destroyed) continue;
      this.#registry.accepted(this.#nextConnection, socket.remoteAddress ?? '?', Date.now());
      worker.take(this.#nextConnection, socket);
      this.#nextConnection += 1;
    }
  }

  get #strangers(): number {
    let count = 0;
    for (const worker of this.#workers) count += worker.strangers;
    return count;
  }

  #leastLoaded(): WorkerHandle | undefined {
    let least: WorkerHandle | undefined;
    for (const worker of this.#workers) if (least === undefined || worker.load < least.load) least = worker;
    return least;
  }

  #spawn(index: number, onReady: () => void, onFailedStart?: (why: Error) => void): void {
    let isReady = false;
    const worker = new WorkerHandle({
      name: `worker ${index}`,
      setup: { ...this.#opts.setup, tidies: index === 1 },
      onLog: this.#opts.log,
      onRoom: () => this.#admit(),
      onKnown: (id, as) => {
        if (!this.#registry.known(id, as)) worker.end(id, tooManyLanes());
      },
      onGone: (id) => this.#registry.gone(id),
      onReady: () => {
        isReady = true;
        onReady();
      },
      onDrained: () => {
        this.#workers.delete(worker);
        if (this.#workers.size === 0) this.#onLastDrained();
      },
      onExit: (why) => {
        if (!this.#workers.delete(worker)) return;
        this.#admit();
        if (this.#isDraining) {
          if (this.#workers.size === 0) this.#onLastDrained();
        } else if (!isReady && onFailedStart !== undefined) {
          onFailedStart(why ?? new Error('a worker ended before it was ready'));
        } else {
          this.#replace(index, why);
        }
      },
    });
    this.#workers.add(worker);
    this.#admit();
  }

  #replace(index: number, why: Error | undefined): void {
    const nowMs = performance.now();
    this.#crashesMs = [...this.#crashesMs, nowMs].slice(-100);
    const restart = restartAfter(this.#crashesMs, nowMs);
    note(
      this.#opts.log,
      `worker ${index} died and took its connections with it: ${show(why?.stack ?? 'no reason')}`,
    );
    if (restart.kind === 'give-up') {
      this.#opts.onGiveUp();
      return;
    }
    setTimeout(() => {
      if (this.#isDraining) return;
      this.#spawn(index, () => note(this.#opts.log, `worker ${index} is back`));
    }, restart.ms);
  }
}

function tooManyLanes(): FerryError {
  return new FerryError(Code.LIMIT, `a session may have ${limits.sessionLanes} lanes`);
}
