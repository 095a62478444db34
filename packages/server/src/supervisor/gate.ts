/**
 * Who is not let in for what came from their address, or for what a thread died of: penalties, and what is said of them. Main thread.
 */

import { Code, FerryError, type Shown, show } from '@ferry/protocol';
import { guestName } from '../access/principal.ts';
import type { Offence, Penalties } from '../access/throttle.ts';
import type { Orders } from './orders.ts';
import type { Registry } from './registry.ts';

/** Where a connection comes from of which the balancer has not told yet. */
export const untold = '?';
/** Connections that a source which is kept out may have open, to be told why. */
const pestStrangers = 3;

export class Gate {
  readonly #registry: Registry;
  readonly #orders: Orders;
  readonly #penalties: Penalties;

  constructor(registry: Registry, orders: Orders, penalties: Penalties) {
    this.#registry = registry;
    this.#orders = orders;
    this.#penalties = penalties;
  }

  /** Who is refused and comes again at once is not worth a handshake. */
  isPest(source: string): boolean {
    return this.#barred(source) !== undefined && this.#registry.strangersOf(source) >= pestStrangers;
  }

  /** Why nobody gets in from there; undefined: they may try. */
  refusalFor(source: string): FerryError | undefined {
    return this.#barred(source) ?? this.#registry.fullFor(source);
  }

  /** Strangers only: who is logged in may drop a connection that it had begun. */
  offended(id: number, offence: Offence): void {
    const source = this.#registry.get(id)?.source;
    if (source === undefined || source === untold || (offence === 'left' && this.#registry.knows(source)))
      return;
    this.#penalties.add(source, offence, performance.now());
  }

  /**
   * A thread died of what this one sent. Who has no account of their own is known by their address alone.
   * @returns who it was; undefined: one that has gone
   */
  broke(id: number): Shown | undefined {
    const one = this.#registry.get(id);
    if (one === undefined) return undefined;
    const user = one.as?.user;
    if (user === undefined || user === guestName) this.offended(id, 'broke');
    else this.#orders.shun(user, performance.now());
    return show(`${user ?? 'somebody'}@${one.source}`);
  }

  /** Addresses that are kept out, and for how long, milliseconds. */
  get barred(): readonly { readonly source: string; readonly ms: number }[] {
    return [...this.#penalties.barred(performance.now())].map(([source, ms]) => ({ source, ms }));
  }

  #barred(source: string): FerryError | undefined {
    const waitMs = this.#penalties.waitMs(source, performance.now());
    if (waitMs === 0) return undefined;
    return new FerryError(Code.AUTH_THROTTLED, 'too many failed logins from your address: try again later', {
      retryAfterMs: Math.ceil(waitMs),
    });
  }
}
