/** The bus as a thread has it that is joined to the hub of its process. Worker threads. */

import type { Bus, Listener, Subscription } from './bus.ts';
import { Inflow, Outflow } from './outflow.ts';
import type { Counted, FromHub, ToHub } from './parcel.ts';
import { checkMessage, checkSubject } from './subject.ts';

type Topic = {
  readonly listeners: Set<Listener>;
  readonly ready: PromiseWithResolvers<void>;
  /** The hub has answered: what came before was meant for those who have left. */
  isReady: boolean;
};

export class ThreadBus implements Bus {
  readonly member: string;
  readonly #post: (parcel: ToHub) => void;
  readonly #outflow: Outflow;
  readonly #inflow: Inflow;
  readonly #topics = new Map<string, Topic>();
  /** Topics that the hub has not answered yet. */
  readonly #asked = new Map<number, Topic>();
  readonly #onGone = new Set<(member: string) => void>();
  #nextId = 1;
  #isClosed = false;

  /** @param post takes what is meant for the hub; what comes from it goes to {@link receive} */
  constructor(member: string, post: (parcel: ToHub) => void) {
    this.member = member;
    this.#post = post;
    this.#outflow = new Outflow(post);
    this.#inflow = new Inflow((parcels) => post({ what: 'taken', parcels }));
  }

  publish(subject: string, body: Uint8Array): void {
    this.#checkOpen();
    checkMessage(subject, body);
    this.#outflow.message(subject, body, this.member);
  }

  subscribe(subject: string, listener: Listener): Subscription {
    this.#checkOpen();
    checkSubject(subject);
    const topic = this.#topics.get(subject) ?? this.#ask(subject);
    // A listener may be given twice; each time it is another subscription.
    const own: Listener = { ...listener };
    topic.listeners.add(own);
    return {
      ready: topic.ready.promise,
      leave: () => {
        if (!topic.listeners.delete(own) || topic.listeners.size > 0 || this.#isClosed) return;
        this.#topics.delete(subject);
        this.#post({ what: 'leave', subject });
      },
    };
  }

  onGone(listener: (member: string) => void): () => void {
    this.#checkOpen();
    const own = (member: string): void => listener(member);
    this.#onGone.add(own);
    return () => this.#onGone.delete(own);
  }

  /** What the thread's owner hands over from the hub. */
  receive(parcel: FromHub): void {
    if (this.#isClosed) return;
    switch (parcel.what) {
      case 'message':
      case 'gap':
        this.#hear(parcel);
        this.#inflow.dealtWith(parcel);
        break;
      case 'subscribed':
        this.#begin(parcel.id);
        break;
      case 'gone':
        for (const listener of [...this.#onGone]) listener(parcel.member);
        break;
      case 'taken':
        this.#outflow.taken(parcel.parcels);
        break;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#post({ what: 'close' });
    this.#topics.clear();
    this.#asked.clear();
    this.#onGone.clear();
    this.#isClosed = true;
  }

  #begin(id: number): void {
    const topic = this.#asked.get(id);
    this.#asked.delete(id);
    if (topic === undefined) return;
    topic.isReady = true;
    topic.ready.resolve();
  }

  #hear(parcel: Counted): void {
    if (parcel.what === 'message') {
      for (const { onMessage } of this.#listenersOf(parcel.subject)) onMessage(parcel.body, parcel.from);
      return;
    }
    const subjects = parcel.subjects === 'all' ? [...this.#topics.keys()] : parcel.subjects;
    for (const subject of subjects) for (const { onGap } of this.#listenersOf(subject)) onGap();
  }

  /** Those of this moment that are still there when their turn comes. */
  *#listenersOf(subject: string): Generator<Listener, void, void> {
    const topic = this.#topics.get(subject);
    if (topic?.isReady !== true) return;
    for (const listener of [...topic.listeners]) if (topic.listeners.has(listener)) yield listener;
  }

  #ask(subject: string): Topic {
    const topic: Topic = { listeners: new Set(), ready: Promise.withResolvers<void>(), isReady: false };
    this.#topics.set(subject, topic);
    const id = this.#nextId++;
    this.#asked.set(id, topic);
    this.#post({ what: 'subscribe', subject, id });
    return topic;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the bus is closed');
  }
}
