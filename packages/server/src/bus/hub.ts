/**
 * The middle of the bus between the threads of a process: hands each message to the members that asked for its subject, and
 * looks into none. Main thread.
 */

import { Inflow, Outflow } from './outflow.ts';
import type { FromHub, Subjects, ToHub } from './parcel.ts';

type Member = {
  readonly name: string;
  readonly post: (parcel: FromHub) => void;
  readonly outflow: Outflow;
  readonly inflow: Inflow;
  readonly subjects: Set<string>;
};

/** What the supervisor keeps of a thread's membership. */
export type Membership = {
  /** What its thread sent. */
  readonly receive: (parcel: ToHub) => void;
  /** Its thread has ended: the others hear of it. Idempotent. */
  readonly leave: () => void;
};

/** What goes on in this process, for whoever tells other servers. */
export type Far = {
  /** Whether other servers hear of it at all. */
  readonly shares: (subject: string) => boolean;
  readonly joined: (member: string) => void;
  readonly message: (subject: string, body: Uint8Array, from: string) => void;
  readonly gap: (subjects: Subjects) => void;
  readonly gone: (member: string) => void;
};

/** What goes on at other servers, for this process. */
export type Near = {
  readonly message: (subject: string, body: Uint8Array, from: string) => void;
  /** `all`: of those that are shared. */
  readonly gap: (subjects: Subjects) => void;
  readonly gone: (member: string) => void;
  readonly leave: () => void;
};

export class BusHub {
  readonly #prefix: string;
  #far: Far | undefined;
  readonly #members = new Set<Member>();
  readonly #bySubject = new Map<string, Set<Member>>();

  /** @param prefix of the names of all members */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** What a member is called on the bus. */
  nameOf(plain: string): string {
    return this.#prefix + plain;
  }

  /** @param name never used before, as `nameOf` made it */
  join(name: string, post: (parcel: FromHub) => void): Membership {
    const member: Member = {
      name,
      post,
      outflow: new Outflow(post),
      inflow: new Inflow((parcels) => post({ what: 'taken', parcels })),
      subjects: new Set(),
    };
    this.#members.add(member);
    this.#far?.joined(name);
    return {
      receive: (parcel) => this.#receive(member, parcel),
      leave: () => this.#leave(member),
    };
  }

  /** From now on `far` hears of everything here. There is one at a time. */
  bridge(far: Far): Near {
    this.#far = far;
    return {
      message: (subject, body, from) => this.#message(subject, body, from),
      gap: (subjects) =>
        this.#gap(subjects === 'all' ? [...this.#bySubject.keys()].filter(far.shares) : subjects),
      gone: (member) => this.#tellGone(member),
      leave: () => {
        this.#far = undefined;
      },
    };
  }

  #receive(member: Member, parcel: ToHub): void {
    // What a thread sent before it ended may come after its end.
    if (!this.#members.has(member)) return;
    switch (parcel.what) {
      case 'message':
        this.#message(parcel.subject, parcel.body, member.name);
        this.#far?.message(parcel.subject, parcel.body, member.name);
        member.inflow.dealtWith(parcel);
        break;
      case 'gap':
        this.#gap(parcel.subjects);
        this.#far?.gap(parcel.subjects);
        member.inflow.dealtWith(parcel);
        break;
      case 'subscribe':
        this.#subscribe(member, parcel.subject);
        member.post({ what: 'subscribed', id: parcel.id });
        break;
      case 'leave':
        this.#unsubscribe(member, parcel.subject);
        break;
      case 'close':
        this.#leave(member);
        break;
      case 'taken':
        member.outflow.taken(parcel.parcels);
        break;
    }
  }

  #message(subject: string, body: Uint8Array, from: string): void {
    for (const one of this.#bySubject.get(subject) ?? []) one.outflow.message(subject, body, from);
  }

  #gap(subjects: Subjects): void {
    if (subjects === 'all') {
      for (const member of this.#members) member.outflow.gap('all');
      return;
    }
    for (const subject of subjects) {
      for (const member of this.#bySubject.get(subject) ?? []) member.outflow.gap([subject]);
    }
  }

  #subscribe(member: Member, subject: string): void {
    member.subjects.add(subject);
    const there = this.#bySubject.get(subject);
    if (there === undefined) this.#bySubject.set(subject, new Set([member]));
    else there.add(member);
  }

  #unsubscribe(member: Member, subject: string): void {
    member.subjects.delete(subject);
    const there = this.#bySubject.get(subject);
    there?.delete(member);
    if (there?.size === 0) this.#bySubject.delete(subject);
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    for (const subject of [...member.subjects]) this.#unsubscribe(member, subject);
    this.#tellGone(member.name);
    this.#far?.gone(member.name);
  }

  #tellGone(member: string): void {
    for (const { post } of this.#members) post({ what: 'gone', member });
  }
}
