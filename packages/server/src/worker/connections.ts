/** All connections of one worker, from the accepted socket to their end, and their common end. Worker threads. */

import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { asFerryError, type FerryError, limits, show } from '@ferry/protocol';
import { acceptTls } from '@ferry/protocol/link';
import { Connection, type ConnectionContext, type KnownAs } from '../session/connection.ts';
import { Transfers } from './transfers.ts';

export type ConnectionsOpts = Omit<ConnectionContext, 'transfers' | 'onKnown'> & {
  readonly secureContext: SecureContext;
  readonly onKnown: (id: number, as: KnownAs) => void;
  readonly onGone: (id: number) => void;
};

/** How often a worker that is going down looks whether it may. */
const lookMs = 50;

export class Connections {
  readonly #opts: ConnectionsOpts;
  readonly #transfers = new Transfers();
  readonly #open = new Map<number, Connection>();

  constructor(opts: ConnectionsOpts) {
    this.#opts = opts;
  }

  accept(id: number, socket: Socket): void {
    const deadlineMs = performance.now() + limits.loginMs;
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    void acceptTls(socket, this.#opts.secureContext).then(
      (link) => {
        const connection = new Connection(link, {
          ...this.#opts,
          transfers: this.#transfers,
          deadlineMs,
          onKnown: (as) => this.#opts.onKnown(id, as),
          onEnd: () => {
            this.#open.delete(id);
            this.#opts.onGone(id);
          },
        });
        this.#open.set(id, connection);
      },
      (thrown: unknown) => {
        this.#opts.onGone(id);
        const error = asFerryError(thrown, () => {
          throw thrown;
        });
        this.#opts.log({ what: 'refused', peer, code: error.codeName, why: show(error.message) });
      },
    );
  }

  /** Of one that has gone meanwhile it does nothing. */
  end(id: number, why: FerryError): void {
    this.#open.get(id)?.end(why);
  }

  /** Resolves when no file is moving and every connection has been closed. */
  async drain(): Promise<void> {
    this.#transfers.goDown();
    for (const connection of this.#open.values()) connection.announceEnd(limits.drainMs);
    while (!this.#transfers.isIdle(performance.now())) await pause(lookMs);
    for (const connection of this.#open.values()) connection.close();
    while (this.#open.size > 0) await pause(lookMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
