/** One worker thread as the supervisor sees it: its connections, its phase, its end. Main thread. */

import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { FerryError, toWireError } from '@ferry/protocol';
import type { LaneGrant, ShownTicket } from '../access/lane-tickets.ts';
import type { Offence } from '../access/throttle.ts';
import { Blame } from '../blame.ts';
import type { FromHub, ToHub } from '../bus/parcel.ts';
import type { ChatRing } from '../chat/chat-hub.ts';
import type { LogEvent } from '../log-event.ts';
import type { ErrandAnswer } from '../replica/errands.ts';
import type { Shared } from '../replica/replica-thread.ts';
import type { KnownAs } from '../session/connection.ts';
import type { Watched } from '../watching/messages.ts';
import type { Crash, FromWorker, ToWorker, WorkerReport, WorkerSetup } from './messages.ts';
import type { Slowed } from './orders.ts';
import { Pulse, workedMsOf } from './pulse.ts';
import type { ConnectionStatus, ThreadStatus } from './status.ts';

/** What one thread may take before it is taken for broken. Block buffers lie outside of the heap and have their own cap. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** How long a worker may take to say what it does, milliseconds. */
const reportMs = 500;

/** How long a thread may take to end that was told to, milliseconds: much, as the machine may be busy. */
const immortalMs = 30_000;

export type WorkerHandleOpts = {
  readonly name: string;
  readonly setup: Omit<WorkerSetup, 'blameMemory'>;
  readonly onLog: (event: LogEvent) => void;
  /** Lines without ends. */
  readonly onAudit: (lines: readonly string[]) => void;
  /** A balancer says where one that was handed over as forwarded comes from; `introduced` answers. */
  readonly onOrigin: (id: number, source: string) => void;
  /** A stranger's first bytes have come. */
  readonly onSpoke: (id: number) => void;
  readonly onKnown: (id: number, as: KnownAs) => void;
  readonly onPassword: (id: number, user: string, password: string) => void;
  /** An owner asks who is connected; tellConnections answers. */
  readonly onConnections: (id: number) => void;
  readonly onOffence: (id: number, offence: Offence) => void;
  /** It died of a message of this one, which goes with it. */
  readonly onBlamed: (id: number) => void;
  /** Also of each connection that a dead worker takes with it. */
  readonly onGone: (id: number) => void;
  /** It cannot be ended: only the end of the whole process helps. */
  readonly onImmortal: () => void;
  readonly onWatch: (key: string, id: number) => void;
  readonly onUnwatch: (key: string) => void;
  /** Something that several servers share is to be changed; tellChanged answers. */
  readonly onChange: (id: number, what: Shared, order: Uint8Array) => void;
  /** A lane shows the ticket of another server; answerLane answers. */
  readonly onLane: (id: number, issuer: string, shown: ShownTicket) => void;
  /** It says something to the hub of the bus. */
  readonly onBus: (parcel: ToHub) => void;
  readonly onReady: () => void;
  readonly onDrained: () => void;
  /** Once, however it ended. */
  readonly onExit: (why: Error | undefined) => void;
};

/** What a worker hears with a connection. */
export type Handed = {
  /** How long ago it was accepted. */
  readonly ageMs: number;
  /** A balancer will say whose it is. */
  readonly isForwarded: boolean;
  /** Nobody gets in on it, and this is why. */
  readonly refusal: FerryError | undefined;
};

export class WorkerHandle {
  readonly name: string;
  readonly #worker: Worker;
  readonly #opts: WorkerHandleOpts;
  readonly #connections = new Set<number>();
  #pulse: Pulse | undefined;
  /** The kernel's number of it. */
  #thread: number | undefined;
  #isCondemned = false;
  readonly #reports = new Map<number, (report: WorkerReport | undefined) => void>();
  #nextReport = 1;
  #error: Error | undefined;

  constructor(opts: WorkerHandleOpts) {
    this.name = opts.name;
    this.#opts = opts;
    const blame = new Blame();
    this.#worker = new Worker(new URL('../worker/main.ts', import.meta.url), {
      name: opts.name,
      workerData: { ...opts.setup, blameMemory: blame.memory } satisfies WorkerSetup,
      resourceLimits,
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.once('exit', () => {
      if (blame.connection !== undefined) opts.onBlamed(blame.connection);
      for (const id of this.#connections) opts.onGone(id);
      this.#connections.clear();
      opts.onExit(this.#error);
    });
  }

  /** Open connections. */
  get load(): number {
    return this.#connections.size;
  }

  /** It was told to end because it was stuck, and has not. */
  get isCondemned(): boolean {
    return this.#isCondemned;
  }

  /** Hands a connection over; from now on this thread knows only its number. Also before the worker is ready. */
  take(id: number, socket: Socket, handed: Handed): void {
    this.#connections.add(id);
    const { ageMs, isForwarded, refusal } = handed;
    const why = refusal === undefined ? undefined : toWireError(refusal);
    // The type of the transfer list lacks sockets, which Node has taken since 24.
    const message = { kind: 'socket', id, socket, ageMs, isForwarded, refusal: why } as const;
    this.#send(message, [socket as unknown as ArrayBuffer]);
  }

  /** The answer to onOrigin. */
  introduced(id: number, refusal: FerryError | undefined): void {
    const why = refusal === undefined ? undefined : toWireError(refusal);
    this.#send({ kind: 'introduced', id, refusal: why });
  }

  /** Ends a stranger without a word. */
  drop(id: number): void {
    this.#send({ kind: 'drop', id });
  }

  /** Ends the thread when it is stuck; what it was doing is lost, as with any crash. */
  feelPulse(nowMs: number): void {
    if (this.#pulse?.isStuck(nowMs) !== true) return;
    this.#pulse = undefined;
    this.#isCondemned = true;
    this.#error = new Error('it was busy for too long and said nothing');
    void this.#worker.terminate();
    // Some loops, in native code or of builtins alone, hear of no end.
    const timer = setTimeout(() => this.#opts.onImmortal(), immortalMs);
    this.#worker.once('exit', () => clearTimeout(timer));
  }

  /** Says why, and ends the connection. */
  end(id: number, why: FerryError): void {
    this.#send({ kind: 'close', id, why: toWireError(why) });
  }

  /** Something from the owner, for whoever has that session; nothing where it is on another thread. */
  tell(id: number, text: string): void {
    this.#send({ kind: 'tell', id, text });
  }

  slow(slowed: Slowed): void {
    this.#send({ kind: 'slow', slowed });
  }

  kick(sessionId: string): void {
    this.#send({ kind: 'kick', sessionId });
  }

  shun(user: string, forMs: number): void {
    this.#send({ kind: 'shun', user, forMs });
  }

  /** The answer to onPassword. */
  answerPassword(id: number, account: number | undefined | FerryError): void {
    const answer = account instanceof FerryError ? toWireError(account) : account;
    this.#send({ kind: 'password', id, account: answer });
  }

  /** How it is as a thread, which it need not be asked for. */
  get thread(): ThreadStatus {
    return {
      index: this.#opts.setup.index,
      connections: this.#connections.size,
      activeMs: this.#worker.performance.eventLoopUtilization().active,
      workedMs: this.#thread === undefined ? 0 : workedMsOf(this.#thread),
    };
  }

  /** What it does; undefined from a worker that is too busy to say. */
  async report(): Promise<WorkerReport | undefined> {
    const id = this.#nextReport++;
    const { promise, resolve } = Promise.withResolvers<WorkerReport | undefined>();
    this.#reports.set(id, resolve);
    const timer = setTimeout(() => resolve(undefined), reportMs);
    this.#send({ kind: 'report', id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#reports.delete(id);
    }
  }

  /** The answer to onWatch. */
  tellWatched(key: string, id: number, answer: Watched): void {
    this.#send({ kind: 'watched', key, id, answer });
  }

  /** The answer to onConnections. */
  tellConnections(id: number, connections: readonly ConnectionStatus[]): void {
    this.#send({ kind: 'connections', id, connections });
  }

  /** The answer to onChange. */
  tellChanged(id: number, answer: ErrandAnswer): void {
    this.#send({ kind: 'changed', id, answer });
  }

  tellSaid(ring: ChatRing | undefined): void {
    this.#send({ kind: 'said', ring });
  }

  /** The answer to onLane. */
  answerLane(id: number, grant: LaneGrant | FerryError): void {
    this.#send({ kind: 'lane', id, grant: grant instanceof FerryError ? toWireError(grant) : grant });
  }

  tellBus(parcel: FromHub): void {
    this.#send({ kind: 'bus', parcel });
  }

  drain(): void {
    this.#send({ kind: 'drain' });
  }

  crash(how: Crash): void {
    this.#send({ kind: 'crash', how });
  }

  #send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#thread = message.thread;
        this.#pulse = new Pulse(message.thread, performance.now());
        this.#opts.onReady();
        break;
      case 'alive':
        this.#pulse?.beat(performance.now());
        break;
      case 'origin':
        this.#opts.onOrigin(message.id, message.source);
        break;
      case 'spoke':
        this.#opts.onSpoke(message.id);
        break;
      case 'known':
        this.#opts.onKnown(message.id, message.as);
        break;
      case 'report':
        this.#reports.get(message.id)?.(message.report);
        break;
      case 'password':
        this.#opts.onPassword(message.id, message.user, message.password);
        break;
      case 'connections':
        this.#opts.onConnections(message.id);
        break;
      case 'offence':
        this.#opts.onOffence(message.id, message.offence);
        break;
      case 'gone':
        this.#connections.delete(message.id);
        this.#opts.onGone(message.id);
        break;
      case 'drained':
        this.#opts.onDrained();
        break;
      case 'watch':
        this.#opts.onWatch(message.key, message.id);
        break;
      case 'unwatch':
        this.#opts.onUnwatch(message.key);
        break;
      case 'change':
        this.#opts.onChange(message.id, message.what, message.order);
        break;
      case 'lane':
        this.#opts.onLane(message.id, message.issuer, message.shown);
        break;
      case 'bus':
        this.#opts.onBus(message.parcel);
        break;
      case 'log':
        this.#opts.onLog(message.event);
        break;
      case 'audit':
        this.#opts.onAudit(message.lines);
        break;
    }
  }
}
