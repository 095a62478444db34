/**
 * Who is connected: every connection of all workers, and what is counted over them. Pure data; main thread.
 */

import { Code, FerryError, limits } from '@ferry/protocol';
import { isExempt, sourceKey } from '../access/throttle.ts';
import type { KnownAs } from '../session/connection.ts';

export type Connected = {
  readonly id: number;
  /** The address it comes from. */
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** undefined: a stranger. */
  readonly as: KnownAs | undefined;
};

export class Registry {
  readonly #all = new Map<number, Connected>();
  readonly #lanes = new Map<string, number>();
  readonly #known = { session: 0, lane: 0 };
  readonly #sources = new Map<string, { all: number; strangers: number }>();
  readonly #most: number;
  #strangers = 0;

  /** @param most logged-in connections that there may be */
  constructor(most: number = limits.connections) {
    this.#most = most;
  }

  /** Connections now. */
  get size(): number {
    return this.#all.size;
  }

  get counts(): { readonly sessions: number; readonly lanes: number } {
    return { sessions: this.#known.session, lanes: this.#known.lane };
  }

  get(id: number): Connected | undefined {
    return this.#all.get(id);
  }

  /** Why no further connection of this source is taken; undefined: it is. */
  fullFor(source: string): FerryError | undefined {
    if (this.#all.size - this.#strangers >= this.#most) {
      return new FerryError(Code.LIMIT, 'the server has as many connections as it can hold', {
        retryAfterMs: 5000,
      });
    }
    const { all, strangers } = this.#sources.get(sourceKey(source)) ?? { all: 0, strangers: 0 };
    if (isExempt(source)) return undefined;
    if (all < limits.sourceConnections && strangers < limits.sourceStrangers) return undefined;
    return new FerryError(Code.LIMIT, 'there are too many connections from your address', {
      retryAfterMs: 5000,
    });
  }

  /** Whether somebody from there is logged in. */
  knows(source: string): boolean {
    const counts = this.#sources.get(sourceKey(source));
    return counts !== undefined && counts.all > counts.strangers;
  }

  strangersOf(source: string): number {
    return this.#sources.get(sourceKey(source))?.strangers ?? 0;
  }

  accepted(id: number, source: string, nowMs: number): void {
    this.#all.set(id, { id, source, sinceMs: nowMs, as: undefined });
    this.#count(source, 1, 1);
  }

  /** False when it is a lane more than its session may have: it is to be closed. */
  known(id: number, as: KnownAs): boolean {
    const connected = this.#all.get(id);
    if (connected === undefined || connected.as !== undefined) return true;
    this.#all.set(id, { ...connected, as });
    this.#known[as.kind] += 1;
    this.#count(connected.source, 0, -1);
    if (as.kind !== 'lane') return true;
    const lanes = (this.#lanes.get(as.sessionId) ?? 0) + 1;
    this.#lanes.set(as.sessionId, lanes);
    return lanes <= limits.sessionLanes;
  }

  /** Where one comes from that was accepted from somewhere else; of one that has gone already it does nothing. */
  moved(id: number, source: string): void {
    const connected = this.#all.get(id);
    if (connected === undefined) return;
    const stranger = connected.as === undefined ? 1 : 0;
    this.#count(connected.source, -1, -stranger);
    this.#all.set(id, { ...connected, source });
    this.#count(source, 1, stranger);
  }

  /** Of one that has gone already it does nothing. */
  gone(id: number): void {
    const connected = this.#all.get(id);
    if (connected === undefined) return;
    const { as, source } = connected;
    this.#all.delete(id);
    this.#count(source, -1, as === undefined ? -1 : 0);
    if (as !== undefined) this.#known[as.kind] -= 1;
    if (as?.kind !== 'lane') return;
    const lanes = (this.#lanes.get(as.sessionId) ?? 1) - 1;
    if (lanes > 0) this.#lanes.set(as.sessionId, lanes);
    else this.#lanes.delete(as.sessionId);
  }

  all(): Iterable<Connected> {
    return this.#all.values();
  }

  #count(source: string, all: number, strangers: number): void {
    this.#strangers += strangers;
    const key = sourceKey(source);
    const before = this.#sources.get(key) ?? { all: 0, strangers: 0 };
    const after = { all: before.all + all, strangers: before.strangers + strangers };
    if (after.all > 0) this.#sources.set(key, after);
    else this.#sources.delete(key);
  }
}
