/** The connections of a thread to one store: used again while they are good, and no more than so many. Made by direct-requests.ts; worker threads. */

import { brokenOff, HttpConnection, type Place } from './http-connection.ts';

export type PoolOpts = {
  /** More requests wait for one. */
  readonly most: number;
  /** Stores close what was idle for five seconds and more; a request on its way then would be lost. Default 3000. */
  readonly idleMs?: number;
};

type Idle = { readonly connection: HttpConnection; readonly sinceMs: number };

export class HttpPool {
  readonly #place: Place;
  readonly #most: number;
  readonly #idleMs: number;
  /** The one used last is last. */
  #idle: Idle[] = [];
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  #isClosed = false;

  constructor(place: Place, { most, idleMs = 3000 }: PoolOpts) {
    this.#place = place;
    this.#most = most;
    this.#idleMs = idleMs;
  }

  /** One that takes a request; to be given back. @throws {FerryError} BUSY: it is closed */
  async take(): Promise<HttpConnection> {
    while (this.#open >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#isClosed) throw brokenOff();
    this.#open += 1;
    const oldestMs = performance.now() - this.#idleMs;
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.sinceMs > oldestMs && last.connection.isIdle) return last.connection;
      last.connection.close();
    }
    return new HttpConnection(this.#place);
  }

  give(connection: HttpConnection): void {
    this.#open -= 1;
    if (connection.isIdle && !this.#isClosed) {
      this.#idle.push({ connection, sinceMs: performance.now() });
      const [oldest] = this.#idle;
      if (oldest !== undefined && oldest.sinceMs < performance.now() - this.#idleMs)
        this.#idle.shift()?.connection.close();
    } else connection.close();
    this.#waiting.shift()?.();
  }

  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#idle) connection.close();
    this.#idle = [];
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
