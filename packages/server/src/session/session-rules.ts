/** What the owner has said of single sessions while the server runs: how fast they may be, and which are closed for good. Worker threads. */

import type { Slowed } from '../supervisor/orders.ts';

/** Sessions that were kicked and are remembered, so that no ticket of theirs opens a lane. */
export const mostKicked = 4096;

export class SessionRules {
  readonly #slowed = new Map<string, Slowed>();
  readonly #kicked = new Set<string>();

  /** Without rates: it is slowed down no more. */
  slow(slowed: Slowed): void {
    if (slowed.down === undefined && slowed.up === undefined) this.#slowed.delete(slowed.sessionId);
    else this.#slowed.set(slowed.sessionId, slowed);
  }

  slowed(sessionId: string): Slowed | undefined {
    return this.#slowed.size === 0 ? undefined : this.#slowed.get(sessionId);
  }

  kick(sessionId: string): void {
    this.#kicked.add(sessionId);
    const [oldest] = this.#kicked;
    if (this.#kicked.size > mostKicked && oldest !== undefined) this.#kicked.delete(oldest);
  }

  isKicked(sessionId: string): boolean {
    return this.#kicked.has(sessionId);
  }

  get allSlowed(): Iterable<Slowed> {
    return this.#slowed.values();
  }

  get allKicked(): Iterable<string> {
    return this.#kicked;
  }
}
