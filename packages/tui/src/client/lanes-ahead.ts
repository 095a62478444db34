/**
 * Connections that are dialled beside a login, so that its first lanes wait for no handshake. To the server each is a stranger
 * until it shows its ticket. Held by session.ts; I/O thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';

/** Whoever says nothing for longer, a server takes for somebody who is up to something; milliseconds. */
const keptMs = 5000;

export class LanesAhead {
  readonly #dialled: Promise<Link>[];
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** Dials so many at once; `dial` ends with its signal and leaves nothing then. */
  constructor(count: number, dial: (signal: AbortSignal) => Promise<Link>) {
    this.#dialled = Array.from({ length: count }, () => dial(this.#abort.signal));
    // Who takes one hears why there is none.
    for (const one of this.#dialled) one.catch(() => {});
    this.#timer = setTimeout(() => this.close(), keptMs);
    this.#timer.unref();
  }

  /** One that is dialled or about to be, the caller's from now on; undefined: there is none left. */
  take(): Promise<Link> | undefined {
    return this.#dialled.shift();
  }

  /** Ends those that nobody took. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    const why = new FerryError(Code.CANCELLED, 'the lane was not wanted');
    for (const one of this.#dialled.splice(0))
      one.then(
        (link) => link.abort(why),
        () => {},
      );
  }
}
