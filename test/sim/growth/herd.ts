/**
 * Many servers in one process and in time of its own: the real presence, the real gathering of changed folders and the real bells of
 * the chat, over a bus that counts. It answers what an event costs; how that grows is model.ts's.
 *
 * The caller has put node:test's timers in the place of the real ones.
 */

import type { Bus, Listener } from '../../../packages/server/src/bus/bus.ts';
import type { ChatHistory } from '../../../packages/server/src/chat/chat-history.ts';
import type { ChatHub } from '../../../packages/server/src/chat/chat-hub.ts';
import { chatOverBus } from '../../../packages/server/src/chat/chat-over-bus.ts';
import { type Entered, type Here, People } from '../../../packages/server/src/presence/people.ts';
import { checkOfShared } from '../../../packages/server/src/supervisor/shared-subjects.ts';
import { touchedSubject } from '../../../packages/server/src/watching/folder-subject.ts';
import { Touched } from '../../../packages/server/src/watching/touched.ts';
import { path } from '../../support/scratch.ts';

export class Counts {
  /** Messages that a server said to all others. */
  said = 0;
  /** Those, at each server that heard them: the sender too, as its line brings back what it says. */
  heard = 0;
  bytes = 0;

  take(): Counts {
    const before = Object.assign(new Counts(), this);
    Object.assign(this, new Counts());
    return before;
  }
}

type Thread = {
  readonly server: number;
  readonly people: People;
  readonly touched: Touched;
  readonly chat: ChatHub;
  /** By number of the session. */
  readonly sessions: Map<number, Entered>;
};

export class Herd {
  readonly counts: { readonly [subject: string]: Counts } = {
    presence: new Counts(),
    chat: new Counts(),
    [touchedSubject]: new Counts(),
  };
  readonly threads: Thread[] = [];
  readonly #servers: number;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #underWay: (() => void)[] = [];

  constructor(servers: number, threadsOfEach: number) {
    this.#servers = servers;
    for (let i = 0; i < servers * threadsOfEach; i++) this.#start(i % servers);
    this.deliver();
  }

  /** A thread more on that server, as after a restart. */
  add(server: number): void {
    this.#start(server);
    this.deliver();
  }

  get people(): readonly number[] {
    return this.threads.map(({ people }) => people.at([]).length);
  }

  enter(thread: Thread, session: number): void {
    const entered = thread.people.enter();
    thread.sessions.set(session, entered);
    entered.is(hereOf(session, 'photos/2026'));
  }

  /** It looks at another folder now. */
  looks(thread: Thread, session: number, folder: string): void {
    thread.sessions.get(session)?.is(hereOf(session, folder));
  }

  leave(thread: Thread, session: number): void {
    thread.sessions.get(session)?.leave();
    thread.sessions.delete(session);
  }

  /** What was published so far reaches everybody, and what they publish then. */
  deliver(): void {
    for (let next = this.#underWay.shift(); next !== undefined; next = this.#underWay.shift()) next();
  }

  #start(server: number): void {
    const bus = this.#join(`server-${server}.worker-${this.threads.length}`);
    // A bell is all that the bus carries of a line; nobody here reads any.
    const history = { last: () => 0, after: () => [], close: () => {} } as unknown as ChatHistory;
    const people = new People(bus);
    const chat = chatOverBus(history, bus);
    this.threads.push({ server, people, touched: new Touched(bus), chat, sessions: new Map() });
  }

  #join(member: string): Bus {
    return {
      member,
      publish: (subject, body) => {
        const own = Buffer.from(body);
        if (checkOfShared(subject) !== undefined) this.#count(subject, own.length);
        this.#underWay.push(() => {
          for (const one of this.#listeners.get(subject) ?? []) one.onMessage(own, member);
        });
      },
      subscribe: (subject, listener) => {
        const there = this.#listeners.get(subject) ?? new Set();
        this.#listeners.set(subject, there.add(listener));
        return { ready: Promise.resolve(), leave: () => void there.delete(listener) };
      },
      onGone: () => () => {},
      close: () => {},
    };
  }

  #count(subject: string, bytes: number): void {
    const counts = this.counts[subject];
    if (counts === undefined) return;
    counts.said += 1;
    counts.heard += this.#servers;
    counts.bytes += bytes;
  }
}

/** What a session of an ordinary person looks like to others. */
export function hereOf(session: number, folder: string): Here {
  return {
    id: String(session).padStart(8, '0'),
    user: `person-${session}`,
    client: 'ferry 0.1.0',
    sinceMs: 1_700_000_000_000,
    root: [],
    activity: { folder: path(folder), moving: [], movingCount: 0 },
  };
}
