/**
 * A simulated world: one clock, one random source, and processes on machines that can be killed or lose their power at any
 * step. Everything that happens follows from the seed.
 *
 * The programs under test run as they are; hooks.ts gives them the model's clock, files and SQLite instead of Node's. Between
 * two events all promises come to rest, so what runs always belongs to the process whose event it is.
 */

import assert from 'node:assert/strict';
import { randomFrom } from '../support/random.ts';
import { Disk, forgetMemory } from './model/disk.ts';

/** Taken before hooks.ts puts the model's in their place. */
const realImmediate = setImmediate;

/** Thrown for a world that never comes to rest. */
const mostEvents = 200_000;

const traced = process.env['FERRY_TRACE'] === '1';

export type Timer = {
  atMs: number;
  turn: number;
  readonly process: Process;
  readonly run: () => void;
  readonly everyMs: number | undefined;
  isOff: boolean;
};

export class Machine {
  readonly name: string;
  readonly disk: Disk;
  readonly processes = new Set<Process>();

  constructor(name: string, disk: Disk) {
    this.name = name;
    this.disk = disk;
  }
}

/** A program at work. After its end nothing that it does has an effect: its calls fail, its timers never come. */
export class Process {
  readonly name: string;
  readonly machine: Machine;
  isAlive = true;
  /** Blocks that are written beside its thread. */
  beside = 0;
  /** Downloads that it is at. */
  readonly underWay = new Set<string>();
  /** So many calls to the system until it is killed in the middle of one; undefined: never. */
  stepsLeft: number | undefined;
  readonly onEnd: (() => void)[] = [];

  readonly id: number;

  constructor(name: string, machine: Machine, id: number) {
    this.name = name;
    this.machine = machine;
    this.id = id;
  }
}

export class World {
  readonly random: (below: number) => number;
  readonly outside: Process;
  nowMs = 1_700_000_000_000;
  /** Counts changes of files: each at a time of its own. */
  ticks = 0n;
  events = 0;
  kills = 0;
  powerCuts = 0;
  current: Process;
  readonly #heap: Timer[] = [];
  #turns = 0;
  #processes = 0;
  #failure: { error: unknown } | undefined;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    // Neighbouring seeds begin alike.
    for (let i = 0; i < 3; i++) this.random(2);
    this.outside = new Process('outside', this.machine('outside'), 0);
    this.current = this.outside;
  }

  machine(name: string): Machine {
    return new Machine(name, new Disk(this.random));
  }

  process(name: string, machine: Machine): Process {
    this.#processes += 1;
    const process = new Process(name, machine, this.#processes);
    machine.processes.add(process);
    return process;
  }

  chance(percent: number): boolean {
    return this.random(100) < percent;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.random(Math.max(1, items.length))];
  }

  /** Does it as the process, as the next event: what it starts is the process's own. */
  post(process: Process, run: () => void): void {
    this.timer(run, 0, { process });
  }

  timer(run: () => void, ms: number, { every = false, process = this.current } = {}): Timer {
    const timer: Timer = {
      atMs: this.nowMs + Math.max(every ? 1 : 0, ms),
      turn: this.#turns,
      process,
      run,
      everyMs: every ? Math.max(1, ms) : undefined,
      isOff: false,
    };
    this.#turns += 1;
    this.#push(timer);
    return timer;
  }

  /** One call of the running process to the system: it may never come back. False when the process is no more. */
  step(): boolean {
    const { current } = this;
    if (!current.isAlive) return false;
    if (current.stepsLeft === undefined) return true;
    current.stepsLeft -= 1;
    if (current.stepsLeft > 0) return true;
    this.kill(current);
    return false;
  }

  /** As the kernel sees it: descriptors and locks are given back, what was written is there. */
  kill(process: Process): void {
    if (!process.isAlive) return;
    this.kills += 1;
    this.trace(() => `${process.name} is killed`);
    this.end(process);
  }

  /** The program came to its end by itself. */
  end(process: Process): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    process.machine.processes.delete(process);
    for (const end of process.onEnd.splice(0)) end();
  }

  /** All its processes end; what was not synced may be there or not. */
  cutPower(machine: Machine): void {
    this.powerCuts += 1;
    this.trace(() => `${machine.name} loses its power`);
    for (const process of machine.processes) this.end(process);
    machine.disk.cutPower();
  }

  /** With FERRY_TRACE=1 all of it is printed: for one seed. */
  trace(what: () => string): void {
    if (traced) process.stderr.write(`${this.nowMs - 1_700_000_000_000} ${this.current.name}: ${what()}\n`);
  }

  /** Told from anywhere within the world; the run ends with it. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** What broke first, if anything did. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** What a process does in its own time must go well, as long as there is the process. */
  watch(process: Process, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (process.isAlive) this.fail(error);
    });
  }

  /** A sentence about the world that must be true. */
  must(isSo: boolean, what: string | (() => string)): void {
    if (isSo) return;
    const text = typeof what === 'string' ? what : what();
    this.fail(new assert.AssertionError({ message: text }));
  }

  /** Until `isOver`, or until this moment. @throws what broke first */
  async run(untilMs: number, isOver = (): boolean => false): Promise<void> {
    for (;;) {
      // All promises come to rest.
      await new Promise<void>((resolve) => {
        realImmediate(resolve);
      });
      this.throwFailure();
      if (isOver()) return;
      const timer = this.#pop(untilMs);
      if (timer === undefined) {
        this.nowMs = Math.max(this.nowMs, untilMs);
        return;
      }
      this.events += 1;
      if (this.events > mostEvents) throw new Error(`no rest after ${mostEvents} events`);
      this.nowMs = Math.max(this.nowMs, timer.atMs);
      this.current = timer.process;
      try {
        timer.run();
      } catch (error) {
        // A process that is no more may stumble over what it finds.
        if (timer.process.isAlive) this.fail(error);
      }
      if (timer.everyMs !== undefined && !timer.isOff && timer.process.isAlive) {
        timer.atMs = this.nowMs + timer.everyMs;
        timer.turn = this.#turns;
        this.#turns += 1;
        this.#push(timer);
      }
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(timer, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = timer;
  }

  /** The next that is due until then and whose process is there. */
  #pop(untilMs: number): Timer | undefined {
    for (;;) {
      const [first] = this.#heap;
      if (first === undefined) return undefined;
      const isDead = first.isOff || !first.process.isAlive;
      if (!isDead && first.atMs > untilMs) return undefined;
      this.#sink(this.#heap.pop()!);
      if (!isDead) return first;
    }
  }

  /** The last takes the place of the first. */
  #sink(timer: Timer): void {
    const heap = this.#heap;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, timer)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = timer;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn);
}

let here: World | undefined;

/** The world whose turn it is: what the model's clock, files and SQLite belong to. */
export function world(): World {
  if (here === undefined) throw new Error('no world is running');
  return here;
}

/** For what programs under test keep for as long as they run; see hooks.ts. */
Object.assign(globalThis, { ferryProcess: () => world().current });

export function hasWorld(): boolean {
  return here !== undefined;
}

/** One run, from the seed to its end. @throws what broke first, with the seed in its text */
export async function inWorld<T>(seed: number, live: (world: World) => Promise<T>): Promise<T> {
  forgetMemory();
  const made = new World(seed);
  here = made;
  try {
    const result = await live(made);
    made.throwFailure();
    return result;
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    here = undefined;
  }
}
