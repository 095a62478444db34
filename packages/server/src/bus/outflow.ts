/**
 * One direction between two threads that never holds more than a window: what does not fit is dropped, and its subject is
 * remembered until there is room to say so. The inflow at the other end says what it has dealt with. Worker and main threads.
 */

import { limits } from '@ferry/protocol';
import type { Counted, Subjects } from './parcel.ts';

/** Subjects with a gap that are remembered one by one; of more, everybody is told. */
const gapSubjects = 1024;

export class Outflow {
  readonly #post: (parcel: Counted) => void;
  /** Bytes of each parcel that the other side has not dealt with yet. */
  readonly #sizes: number[] = [];
  #bytes = 0;
  #gaps: Set<string> | 'all' = new Set();

  constructor(post: (parcel: Counted) => void) {
    this.#post = post;
  }

  /** Bytes that are under way. */
  get bytes(): number {
    return this.#bytes;
  }

  message(subject: string, body: Uint8Array, from: string): void {
    if (this.#hasRoom) this.#send({ what: 'message', subject, body, from }, body.length);
    else this.#remember([subject]);
  }

  gap(subjects: Subjects): void {
    this.#remember(subjects);
    this.#tellGaps();
  }

  /** The other side has dealt with so many more. */
  taken(parcels: number): void {
    for (const size of this.#sizes.splice(0, parcels)) this.#bytes -= size;
    this.#tellGaps();
  }

  get #hasRoom(): boolean {
    return this.#sizes.length < limits.busWindowMessages && this.#bytes < limits.busWindowBytes;
  }

  #remember(subjects: Subjects): void {
    if (this.#gaps === 'all') return;
    if (subjects === 'all') {
      this.#gaps = 'all';
      return;
    }
    for (const subject of subjects) this.#gaps.add(subject);
    if (this.#gaps.size > gapSubjects) this.#gaps = 'all';
  }

  #tellGaps(): void {
    const gaps = this.#gaps;
    if (!this.#hasRoom || (gaps !== 'all' && gaps.size === 0)) return;
    this.#gaps = new Set();
    this.#send({ what: 'gap', subjects: gaps === 'all' ? 'all' : [...gaps] }, 0);
  }

  #send(parcel: Counted, bytes: number): void {
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    this.#post(parcel);
  }
}

/** The other end: counts what was dealt with and says so now and then, always before the window can be full of it. */
export class Inflow {
  readonly #say: (parcels: number) => void;
  #parcels = 0;
  #bytes = 0;

  constructor(say: (parcels: number) => void) {
    this.#say = say;
  }

  /** After each parcel. */
  dealtWith(parcel: Counted): void {
    this.#parcels += 1;
    if (parcel.what === 'message') this.#bytes += parcel.body.length;
    if (this.#parcels < limits.busWindowMessages / 4 && this.#bytes < limits.busWindowBytes / 4) return;
    this.#say(this.#parcels);
    this.#parcels = 0;
    this.#bytes = 0;
  }
}
