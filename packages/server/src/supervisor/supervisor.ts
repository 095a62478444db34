/**
 * Keeps the worker threads: starts them, hands each accepted connection to the one with the fewest, replaces the dead,
 * drains them all. Parses nothing that comes from the network. Main thread.
 */

import { type BlockList, isIPv6, type Socket } from 'node:net';
import { asFerryError, Code, FerryError, limits, type Shown, show } from '@ferry/protocol';
import { heldIn } from '../access/account-memory.ts';
import type { LaneTickets } from '../access/lane-tickets.ts';
import type { AccessChanges } from '../access/operations.ts';
import { sharedThrottles } from '../access/shared-throttle.ts';
import { sourceKey } from '../access/throttle.ts';
import type { Answer } from '../bus/calls.ts';
import type { BusHub } from '../bus/hub.ts';
import { memberOf } from '../bus/main-member.ts';
import type { Servers } from '../bus/servers.ts';
import type { ChatRing } from '../chat/chat-hub.ts';
import { type Log, note } from '../log.ts';
import { answerOf } from '../replica/errands.ts';
import type { ChangeShared } from '../replica/shared-state.ts';
import { type Tell, Watching } from '../watching/watching.ts';
import { admission, type Stranger } from './admission.ts';
import { type Capacity, capacityFor, openFilesLimit } from './descriptors.ts';
import { askForLane, grantFarLane, laneVerb } from './far-lanes.ts';
import { orderEverywhere, orderFromAfar, orderVerb } from './far-orders.ts';
import { Gate, untold } from './gate.ts';
import type { Crash, WorkerSetup } from './messages.ts';
import type { SessionOrder } from './order.ts';
import { Orders } from './orders.ts';
import { Passwords } from './passwords.ts';
import { Registry } from './registry.ts';
import { restartAfter } from './restart.ts';
import type { ConnectionStatus, Status } from './status.ts';
import { WorkerHandle } from './worker-handle.ts';

export type SupervisorOpts = {
  readonly threads: number;
  readonly setup: Omit<WorkerSetup, 'tidies' | 'index' | 'busMember' | 'blameMemory'>;
  readonly changes: AccessChanges;
  /** For the workers of one of several servers. */
  readonly changeShared: ChangeShared;
  /** Of the bus; nobody has joined it yet. */
  readonly hub: BusHub;
  /** undefined: it is alone. */
  readonly servers: Servers | undefined;
  /** Folders that are looked at are read now and then, whatever the system could say of them. */
  readonly polls: boolean;
  /** Balancers, which say first of each connection whose it is. */
  readonly behind: BlockList;
  readonly log: Log;
  /** Lines for the audit log, without ends. */
  readonly onAudit: (lines: readonly string[]) => void;
  /** Who is connected to any of the servers that belong together. */
  readonly everyone: () => Promise<readonly ConnectionStatus[]>;
  /** Workers die faster than it makes sense to replace them. */
  readonly onGiveUp: () => void;
};

export class Supervisor {
  readonly #opts: SupervisorOpts;
  readonly #workers = new Set<WorkerHandle>();
  readonly #capacity: Capacity = capacityFor(openFilesLimit());
  readonly #registry = new Registry(this.#capacity.connections);
  /** Those who have not logged in, in the order in which they came. */
  readonly #strangers = new Map<number, Stranger & { readonly worker: WorkerHandle }>();
  readonly #gate: Gate;
  readonly #passwords: Passwords;
  readonly #bus: BusHub;
  readonly #watching: Watching;
  readonly #orders = new Orders(this.#registry, () => this.#workers);
  /** Accepted while no worker lived. */
  readonly #waiting: { readonly socket: Socket; readonly sinceMs: number }[] = [];
  readonly #heart: NodeJS.Timeout;
  #crashesMs: readonly number[] = [];
  #restarts = 0;
  #turnedAway = 0;
  #nextConnection = 1;
  #nextMember = 1;
  #isDraining = false;
  #onLastDrained: () => void = () => {};

  constructor(opts: SupervisorOpts) {
    this.#opts = opts;
    this.#bus = opts.hub;
    const { penalties, accounts } = sharedThrottles(memberOf(this.#bus, 'throttle'));
    this.#gate = new Gate(this.#registry, this.#orders, penalties);
    this.#passwords = new Passwords(opts.setup.accessFile, opts.changes, accounts);
    const { folder } = opts.setup;
    this.#watching = new Watching({ folder, polls: opts.polls, hub: this.#bus, log: opts.log });
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
    if (
      this.#gate.isPest(this.#isForwarded(socket) ? untold : (socket.remoteAddress ?? untold)) ||
      this.#isDraining ||
      this.#waiting.length >= this.#capacity.strangers
    ) {
      this.#turnedAway += 1;
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

  /** Who is connected and what they have moved, and who is kept out. */
  async status(): Promise<Status> {
    const reports = (await Promise.all([...this.#workers].map((worker) => worker.report()))).filter(
      (report) => report !== undefined,
    );
    const moved = new Map(reports.flatMap(({ connections }) => connections).map((one) => [one.id, one]));
    return {
      workers: this.#workers.size,
      wantedWorkers: this.#opts.threads,
      threads: [...this.#workers].map(({ thread }) => thread).toSorted((a, b) => a.index - b.index),
      restarts: this.#restarts,
      isDraining: this.#isDraining,
      turnedAway: this.#turnedAway,
      moving: reports.flatMap(({ moving }) => moving),
      waiting: this.#waiting.length,
      connections: [...this.#registry.all()].map(({ id, source, sinceMs, as }) => ({
        id,
        source,
        sinceMs,
        user: as?.user,
        kind: as?.kind ?? 'stranger',
        sessionId: as?.sessionId,
        received: moved.get(id)?.received ?? 0,
        sent: moved.get(id)?.sent ?? 0,
      })),
      slowed: this.#orders.slowed.map(({ sessionId, down, up }) => ({ sessionId, down, up })),
      held: heldIn(this.#opts.setup.accountMemory),
      barred: this.#gate.barred,
      gate: {
        mostConnections: this.#capacity.connections,
        mostStrangers: this.#capacity.strangers,
        ...this.#passwords.status,
        shunned: this.#orders.shunned(performance.now()),
      },
    };
  }

  /** People and lanes that are connected. */
  get counts(): { readonly sessions: number; readonly lanes: number; readonly isDraining: boolean } {
    return { ...this.#registry.counts, isDraining: this.#isDraining };
  }

  /** Something was said in the chat of several servers. */
  said(ring: ChatRing | undefined): void {
    for (const worker of this.#workers) worker.tellSaid(ring);
  }

  /** What the owner wants of one session; gives whose it is. @throws {FerryError} NOT_FOUND when it has gone, LIMIT */
  order(order: SessionOrder): Promise<Shown> {
    return orderEverywhere((one) => this.#orders.run(one), this.#opts.servers, order);
  }

  /** What other servers ask of this one, by verb. @param tickets of this server */
  answers(tickets: LaneTickets): ReadonlyMap<string, Answer> {
    return new Map<string, Answer>([
      [laneVerb, (body) => grantFarLane(tickets, this.#orders, body)],
      [orderVerb, (body) => orderFromAfar((one) => this.#orders.run(one), body)],
    ]);
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
    const isForwarded = this.#isForwarded(socket);
    const source = isForwarded ? untold : (socket.remoteAddress ?? untold);
    const id = this.#nextConnection;
    this.#nextConnection += 1;
    // Of those whose address is not known yet, each is somebody else.
    const key = isForwarded ? `${untold}${id}` : sourceKey(source);
    const place = admission(this.#strangers, key, nowMs, this.#capacity.strangers);
    if (place.kind === 'refuse') {
      this.#turnedAway += 1;
      socket.destroy();
      return;
    }
    if (place.instead !== undefined) {
      this.#strangers.get(place.instead)?.worker.drop(place.instead);
      // Its place is free from now on, whenever it is gone.
      this.#strangers.delete(place.instead);
    }
    const refusal = isForwarded ? undefined : this.#gate.refusalFor(source);
    this.#strangers.set(id, { source: key, sinceMs, hasSpoken: false, worker });
    this.#registry.accepted(id, source, Date.now());
    worker.take(id, socket, { ageMs: nowMs - sinceMs, isForwarded, refusal });
  }

  #isForwarded({ remoteAddress }: Socket): boolean {
    return remoteAddress !== undefined && isIn(this.#opts.behind, remoteAddress);
  }

  /** The balancer has told where it comes from: what would have been asked when it was accepted. */
  #introduce(worker: WorkerHandle, id: number, source: string): void {
    const stranger = this.#strangers.get(id);
    if (stranger === undefined) return;
    if (this.#gate.isPest(source)) {
      this.#turnedAway += 1;
      worker.drop(id);
      return;
    }
    const refusal = this.#gate.refusalFor(source);
    this.#registry.moved(id, source);
    this.#strangers.set(id, { ...stranger, source: sourceKey(source) });
    worker.introduced(id, refusal);
  }

  async #checkPassword(worker: WorkerHandle, id: number, user: string, password: string): Promise<void> {
    const answer = await this.#passwords.check(user, password).catch((error: unknown) => {
      if (error instanceof FerryError) return error;
      throw error;
    });
    worker.answerPassword(id, answer);
  }

  #leastLoaded(): WorkerHandle | undefined {
    let least: WorkerHandle | undefined;
    for (const worker of this.#workers) if (least === undefined || worker.load < least.load) least = worker;
    return least;
  }

  #spawn(index: number, onReady: () => void, onFailedStart?: (why: Error) => void): void {
    let isReady = false;
    const busMember = this.#bus.nameOf(`worker-${index}.${this.#nextMember++}`);
    const membership = this.#bus.join(busMember, (parcel) => worker.tellBus(parcel));
    const tellWatched: Tell = (key, id, answer) => worker.tellWatched(key, id, answer);
    const worker = new WorkerHandle({
      name: `worker ${index}`,
      setup: { ...this.#opts.setup, index, busMember, tidies: index === 1 },
      onLog: this.#opts.log,
      onAudit: this.#opts.onAudit,
      onOrigin: (id, source) => this.#introduce(worker, id, source),
      onSpoke: (id) => {
        const stranger = this.#strangers.get(id);
        if (stranger !== undefined) this.#strangers.set(id, { ...stranger, hasSpoken: true });
      },
      onKnown: (id, as) => {
        this.#strangers.delete(id);
        this.#passwords.succeeded(as.user);
        if (!this.#registry.known(id, as)) worker.end(id, tooManyLanes());
        const refusal = this.#orders.refusal(as.sessionId);
        if (refusal !== undefined) worker.end(id, refusal);
      },
      onPassword: (id, user, password) => void this.#checkPassword(worker, id, user, password),
      onConnections: (id) => void this.#opts.everyone().then((all) => worker.tellConnections(id, all)),
      onOffence: (id, offence) => this.#gate.offended(id, offence),
      onBlamed: (id) => {
        const who = this.#gate.broke(id);
        if (who === undefined) return;
        note(this.#opts.log, `worker ${index} broke over a message of ${who}, who is kept out for a while`);
      },
      onGone: (id) => {
        this.#strangers.delete(id);
        const sessionId = this.#registry.get(id)?.as?.sessionId;
        this.#registry.gone(id);
        if (sessionId !== undefined) this.#orders.gone(sessionId);
      },
      onImmortal: () => {
        note(this.#opts.log, `worker ${index} works without end and cannot be ended: ferryd ends here`);
        endNow();
      },
      onWatch: (key, id) => this.#watching.want(tellWatched, key, id),
      onUnwatch: (key) => this.#watching.leave(tellWatched, key),
      onChange: (id, what, order) =>
        void answerOf(() => this.#opts.changeShared(what, order)).then((answer) =>
          worker.tellChanged(id, answer),
        ),
      onLane: (id, issuer, shown) =>
        void askForLane(this.#opts.servers, this.#orders, issuer, shown).then(
          (grant) => worker.answerLane(id, grant),
          (error: unknown) => worker.answerLane(id, asFerryError(error)),
        ),
      onBus: membership.receive,
      onReady: () => {
        isReady = true;
        onReady();
      },
      onDrained: () => {
        this.#workers.delete(worker);
        if (this.#workers.size === 0) this.#onLastDrained();
      },
      onExit: (why) => {
        membership.leave();
        this.#watching.gone(tellWatched);
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
    this.#orders.greet(worker, performance.now());
    this.#admit();
  }

  #replace(index: number, why: Error | undefined): void {
    const nowMs = performance.now();
    this.#restarts += 1;
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

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function tooManyLanes(): FerryError {
  return new FerryError(Code.LIMIT, `a session may have ${limits.sessionLanes} lanes`);
}

/** process.exit waits for the threads. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
