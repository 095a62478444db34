/**
 * What the owner has said of single sessions while the server runs: how fast they may be, and which are closed for good. And whose messages
 * have ended threads. Worker threads, and the main thread's own copy.
 */

import { Code, FerryError } from '@ferry/protocol';
import type { Slowed } from '../supervisor/orders.ts';

/** Sessions that were kicked and are remembered, so that no ticket of theirs opens a lane. */
export const mostKicked = 4096;

/** Who has ended a thread is kept out for so long, milliseconds: their program would send the same again, to one thread after the other. */
export const shunMs = 90_000;
const mostShunned = 4096;

export class SessionRules {
  readonly #slowed = new Map<string, Slowed>();
  readonly #kicked = new Set<string>();
  /** By account, and until when. */
  readonly #shunned = new Map<string, number>();

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

  /** @param nowMs on a clock of this thread's own that never jumps */
  shun(user: string, forMs: number, nowMs: number): void {
    this.#shunned.delete(user);
    this.#shunned.set(user, nowMs + forMs);
    const [oldest] = this.#shunned.keys();
    if (this.#shunned.size > mostShunned && oldest !== undefined) this.#shunned.delete(oldest);
  }

  /** Why they are not let in. */
  shunned(user: string, nowMs: number): FerryError | undefined {
    const leftMs = this.#shunned.size === 0 ? 0 : (this.#shunned.get(user) ?? 0) - nowMs;
    if (leftMs <= 0) return undefined;
    return new FerryError(
      Code.BUSY,
      'a part of the server broke while it worked for you: it takes nothing more from you for a while',
      { retryAfterMs: Math.ceil(leftMs) },
    );
  }

  /** Those who are not let in, and how long, milliseconds. */
  *allShunned(nowMs: number): Generator<readonly [user: string, ms: number]> {
    for (const [user, untilMs] of this.#shunned) if (untilMs > nowMs) yield [user, untilMs - nowMs];
  }

  get allSlowed(): Iterable<Slowed> {
    return this.#slowed.values();
  }

  get allKicked(): Iterable<string> {
    return this.#kicked;
  }
}
