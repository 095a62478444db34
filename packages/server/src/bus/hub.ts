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

export class BusHub {
  readonly #members = new Set<Member>();
  readonly #bySubject = new Map<string, Set<Member>>();

  /** @param name never used before */
  join(name: string, post: (parcel: FromHub) => void): Membership {
    const member: Member = {
      name,
      post,
      outflow: new Outflow(post),
      inflow: new Inflow((parcels) => post({ what: 'taken', parcels })),
      subjects: new Set(),
    };
    this.#members.add(member);
    return {
      receive: (parcel) => this.#receive(member, parcel),
      leave: () => this.#leave(member),
    };
  }

  #receive(member: Member, parcel: ToHub): void {
    // What a thread sent before it ended may come after its end.
    if (!this.#members.has(member)) return;
    switch (parcel.what) {
      case 'message':
        for (const one of this.#bySubject.get(parcel.subject) ?? []) {
          one.outflow.message(parcel.subject, parcel.body, member.name);
        }
        member.inflow.dealtWith(parcel);
        break;
      case 'gap':
        this.#gap(parcel.subjects);
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
    for (const { post } of this.#members) post({ what: 'gone', member: member.name });
  }
}
