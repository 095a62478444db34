/**
 * Keeps the worker threads: starts them, hands each accepted connection to the one with the fewest, replaces the dead,
 * drains them all. Parses nothing that comes from the network. Main thread.
 */

import type { Socket } from 'node:net';
import { limits, show } from '@ferry/protocol';
import { sourceOf } from '../access/source.ts';
import { type Log, note } from '../log.ts';
import { admission, type Stranger } from './admission.ts';
import { type Capacity, capacityFor, openFilesLimit } from './descriptors.ts';
import type { Crash, WorkerSetup } from './messages.ts';
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
  readonly #capacity: Capacity = capacityFor(openFilesLimit());
  /** Those who have not logged in, in the order in which they came. */
  readonly #strangers = new Map<number, Stranger & { readonly worker: WorkerHandle }>();
  /** Accepted while no worker lived. */
  readonly #waiting: { readonly socket: Socket; readonly sinceMs: number }[] = [];
  readonly #heart: NodeJS.Timeout;
  #crashesMs: readonly number[] = [];
  #nextConnection = 1;
  #isDraining = false;
  #onLastDrained: () => void = () => {};

  constructor(opts: SupervisorOpts) {
    this.#opts = opts;
    this.#heart = setInterval(() => {
      for (const worker of this.#workers) worker.feelPulse(performance.now());
    }, limits.heartbeatMs);
    this.#heart.unref();
  }

  /** Resolves when every worker takes connections. Rejects when one cannot start. */
  async start(): Promise<void> {
    const ready = Array.from({ length: this.#opts.threads }, (_, i) => {
      return new Promise<void>((resolve, reject) => this.#spawn(i + 1, resolve, reject));
    });
    await Promise.all(ready);
  }

  accept(socket: Socket): void {
    if (this.#isDraining || this.#waiting.length >= this.#capacity.strangers) {
      socket.destroy();
      return;
    }
    this.#waiting.push({ socket, sinceMs: performance.now() });
    this.#admit();
  }

  /** Resolves when nothing moves any more and every connection is closed. It has no limit of its own. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    return new Promise((resolve) => {
      this.#onLastDrained = resolve;
      for (const worker of this.#workers) worker.drain();
      if (this.#workers.size === 0) resolve();
    });
  }

  /** Ends the process also where a thread that cannot be ended would keep it; `code` is the exit code where none does. */
  exit(code: number): never {
    if ([...this.#workers].some((worker) => worker.isCondemned)) endNow();
    process.exit(code);
  }

  /** Tests only: what a bug in the busiest worker would do. */
  crashOne(how: Crash): void {
    [...this.#workers].toSorted((a, b) => b.load - a.load)[0]?.crash(how);
  }

  /** Hands over who waits, first come, first served. */
  #admit(): void {
    for (;;) {
      const worker = this.#leastLoaded();
      const next = worker === undefined ? undefined : this.#waiting.shift();
      if (worker === undefined || next === undefined) return;
      this.#handOver(next.socket, next.sinceMs, worker);
    }
  }

  #handOver(socket: Socket, sinceMs: number, worker: WorkerHandle): void {
    // Its peer may be gone already; such a socket has no handle to hand over.
    if (socket.destroyed) return;
    const nowMs = performance.now();
    const source = sourceOf(socket.remoteAddress ?? '?');
    const place = admission(this.#strangers, source, nowMs, this.#capacity.strangers);
    if (place.kind === 'refuse') {
      socket.destroy();
      return;
    }
    if (place.instead !== undefined) {
      this.#strangers.get(place.instead)?.worker.drop(place.instead);
      // Its place is free from now on, whenever it is gone.
      this.#strangers.delete(place.instead);
    }
    const id = this.#nextConnection;
    this.#nextConnection += 1;
    const isFull = this.#known >= this.#capacity.connections;
    this.#strangers.set(id, { source, sinceMs, hasSpoken: false, worker });
    worker.take(id, socket, nowMs - sinceMs, isFull);
  }

  /** Logged-in connections. */
  get #known(): number {
    let all = 0;
    for (const worker of this.#workers) all += worker.load;
    return all - this.#strangers.size;
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
      onSpoke: (id) => {
        const stranger = this.#strangers.get(id);
        if (stranger !== undefined) this.#strangers.set(id, { ...stranger, hasSpoken: true });
      },
      onKnown: (id) => this.#strangers.delete(id),
      onGone: (id) => this.#strangers.delete(id),
      onImmortal: () => {
        note(this.#opts.log, `worker ${index} works without end and cannot be ended: ferryd ends here`);
        endNow();
      },
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

/** process.exit waits for the threads. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
