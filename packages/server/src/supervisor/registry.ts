/**
 * Who is connected: every connection of all workers, and what is counted over them. Pure data; main thread.
 */

import { limits } from '@ferry/protocol';
import type { KnownAs } from '../session/connection.ts';

export type Connected = {
  readonly id: number;
  /** The address it comes from. */
  readonly source: string;
  readonly sinceMs: number;
  /** undefined: a stranger. */
  readonly as: KnownAs | undefined;
};

export class Registry {
  readonly #all = new Map<number, Connected>();
  readonly #lanes = new Map<string, number>();

  accepted(id: number, source: string, nowMs: number): void {
    this.#all.set(id, { id, source, sinceMs: nowMs, as: undefined });
  }

  /** False when it is a lane more than its session may have: it is to be closed. */
  known(id: number, as: KnownAs): boolean {
    const connected = this.#all.get(id);
    if (connected === undefined) return true;
    this.#all.set(id, { ...connected, as });
    if (as.kind !== 'lane') return true;
    const lanes = (this.#lanes.get(as.sessionId) ?? 0) + 1;
    this.#lanes.set(as.sessionId, lanes);
    return lanes <= limits.sessionLanes;
  }

  gone(id: number): void {
    const as = this.#all.get(id)?.as;
    this.#all.delete(id);
    if (as?.kind !== 'lane') return;
    const lanes = (this.#lanes.get(as.sessionId) ?? 1) - 1;
    if (lanes > 0) this.#lanes.set(as.sessionId, lanes);
    else this.#lanes.delete(as.sessionId);
  }

  all(): Iterable<Connected> {
    return this.#all.values();
  }
}
