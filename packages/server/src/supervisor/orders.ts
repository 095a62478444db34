/**
 * Carries out the owner's orders to single sessions, and keeps out whose messages ended a thread. A session's connections are on any thread, so orders go to all of them; what
 * holds for longer than a moment is told to each worker that begins, too. Main thread.
 */

import { Code, FerryError, type Shown, show } from '@ferry/protocol';
import { kicked } from '../access/standing.ts';
import { SessionRules, shunMs } from '../session/session-rules.ts';
import type { Rates, SessionOrder } from './order.ts';
import type { Registry } from './registry.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** Sessions that may be slowed down at once. */
const mostSlowed = 256;
/** No account has such a number: below it are those under which slowed sessions' bytes are counted. */
const pacerBase = 0x7fff_ffff;

export type Slowed = Rates & {
  /** Hex. */
  readonly sessionId: string;
  /** Its bytes are counted as those of this account, which is nobody's. */
  readonly pacer: number;
};

export class Orders {
  readonly #registry: Registry;
  readonly #workers: () => Iterable<WorkerHandle>;
  readonly #rules = new SessionRules();

  constructor(registry: Registry, workers: () => Iterable<WorkerHandle>) {
    this.#registry = registry;
    this.#workers = workers;
  }

  /** Sessions that are slowed down now. */
  get slowed(): readonly Slowed[] {
    return [...this.#rules.allSlowed];
  }

  /** Gives whose session it is, as a log names people. @throws {FerryError} NOT_FOUND when it has gone, LIMIT */
  run(order: SessionOrder): Shown {
    const all = [...this.#registry.all()].filter(({ as }) => as?.sessionId === order.session);
    const [first] = all;
    if (first === undefined) throw new FerryError(Code.NOT_FOUND, 'that session has gone');
    const ids = all.map(({ id, as }) => ({ id, isSession: as?.kind === 'session' }));
    switch (order.do) {
      case 'kick':
        this.#rules.kick(order.session);
        this.#toAll((worker) => worker.kick(order.session));
        for (const { id } of ids) this.#toAll((worker) => worker.end(id, kicked()));
        break;
      case 'tell':
        for (const { id, isSession } of ids) {
          if (isSession) this.#toAll((worker) => worker.tell(id, order.text));
        }
        break;
      case 'throttle':
        this.#slow(order.session, order.rates);
        break;
    }
    return show(`${first.as?.user ?? ''}@${first.source}`);
  }

  /** Why a connection that shows a ticket of this session has to go. */
  refusal(sessionId: string): FerryError | undefined {
    return this.#rules.isKicked(sessionId) ? kicked() : undefined;
  }

  /** None where the owner has set none. */
  ratesOf(sessionId: string): Rates {
    const { down, up } = this.#rules.slowed(sessionId) ?? {};
    return { down, up };
  }

  /** A lane comes of a session that another server has, with what the owner has said there. @throws {FerryError} LIMIT */
  slowFrom(sessionId: string, { down, up }: Rates): void {
    const before = this.ratesOf(sessionId);
    if (before.down !== down || before.up !== up) this.#slow(sessionId, { down, up });
  }

  /** To be called for each connection that ends. */
  gone(sessionId: string): void {
    if (this.#rules.slowed(sessionId) === undefined) return;
    const isThere = [...this.#registry.all()].some(({ as }) => as?.sessionId === sessionId);
    if (!isThere) this.#slow(sessionId, { down: undefined, up: undefined });
  }

  /** A thread has died of what they sent. */
  shun(user: string, nowMs: number): void {
    this.#rules.shun(user, shunMs, nowMs);
    this.#toAll((worker) => worker.shun(user, shunMs));
  }

  /** Who is kept out by that, and how long, milliseconds. */
  shunned(nowMs: number): readonly { readonly user: string; readonly ms: number }[] {
    return [...this.#rules.allShunned(nowMs)].map(([user, ms]) => ({ user, ms }));
  }

  /** Tells a worker that begins what holds. */
  greet(worker: WorkerHandle, nowMs: number): void {
    for (const [user, ms] of this.#rules.allShunned(nowMs)) worker.shun(user, ms);
    for (const slowed of this.#rules.allSlowed) worker.slow(slowed);
    for (const sessionId of this.#rules.allKicked) worker.kick(sessionId);
  }

  #slow(sessionId: string, rates: Rates): void {
    const pacer = this.#rules.slowed(sessionId)?.pacer ?? this.#freePacer();
    const slowed = { sessionId, pacer, ...rates };
    this.#rules.slow(slowed);
    this.#toAll((worker) => worker.slow(slowed));
  }

  #freePacer(): number {
    const taken = new Set(this.slowed.map(({ pacer }) => pacer));
    for (let pacer = pacerBase; pacer > pacerBase - mostSlowed; pacer--) {
      if (!taken.has(pacer)) return pacer;
    }
    throw new FerryError(Code.LIMIT, `at most ${mostSlowed} sessions may be slowed down at once`);
  }

  #toAll(say: (worker: WorkerHandle) => void): void {
    for (const worker of this.#workers()) say(worker);
  }
}
