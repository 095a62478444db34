/** All connections of one worker, from the accepted socket to their end, and their common end. Worker threads. */

import type { SecureContext } from 'node:tls';
import { asFerryError, Code, FerryError, limits, show } from '@ferry/protocol';
import { acceptTls } from '@ferry/protocol/link';
import { sourceOf } from '../access/source.ts';
import { Connection, type ConnectionContext } from '../session/connection.ts';
import type { ToWorker } from '../supervisor/messages.ts';
import { Newcomers } from './newcomers.ts';
import { Transfers } from './transfers.ts';

export type ConnectionsOpts = Omit<ConnectionContext, 'transfers' | 'onKnown'> & {
  readonly secureContext: SecureContext;
  /** The first bytes of a stranger have come. */
  readonly onSpoke: (id: number) => void;
  readonly onKnown: (id: number) => void;
  readonly onGone: (id: number) => void;
};

type Accepted = ToWorker & { readonly kind: 'socket' };

/** How often a worker that is going down looks whether it may. */
const lookMs = 50;

export class Connections {
  readonly #opts: ConnectionsOpts;
  readonly #transfers = new Transfers();
  readonly #open = new Set<Connection>();
  readonly #newcomers: Newcomers;
  /** Ends a stranger, by its number. */
  readonly #strangers = new Map<number, (error: FerryError) => void>();

  constructor(opts: ConnectionsOpts) {
    this.#opts = opts;
    this.#newcomers = new Newcomers(limits.workerLogins);
  }

  accept({ id, socket, ageMs, isFull }: Accepted): void {
    const acceptedMs = performance.now() - ageMs;
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    const refuse = (error: FerryError): void => {
      socket.destroy();
      if (!this.#strangers.has(id)) return;
      this.#gone(id);
      this.#opts.log({ what: 'refused', peer, code: error.codeName, why: show(error.message) });
    };
    this.#strangers.set(
      id,
      this.#newcomers.add(socket, {
        source: sourceOf(socket.remoteAddress ?? '?'),
        silentMs: limits.handshakeMs - ageMs,
        onSpoke: () => this.#opts.onSpoke(id),
        onGone: refuse,
        onTurn: (done) => {
          this.#strangers.set(id, refuse);
          void this.#secure({ id, socket, ageMs, isFull, kind: 'socket' }, acceptedMs, refuse).finally(done);
        },
      }),
    );
  }

  /** Ends a stranger that has to go for another one. */
  drop(id: number): void {
    this.#strangers.get(id)?.(new FerryError(Code.LIMIT, 'it had to go for another one'));
  }

  /** Resolves when it has logged in, or is gone. */
  async #secure(
    { id, socket, isFull }: Accepted,
    acceptedMs: number,
    refuse: (error: FerryError) => void,
  ): Promise<void> {
    const withinMs = acceptedMs + limits.handshakeMs - performance.now();
    try {
      const link = await acceptTls(socket, this.#opts.secureContext, withinMs);
      await new Promise<void>((settled) => {
        const connection = new Connection(link, {
          ...this.#opts,
          transfers: this.#transfers,
          deadlineMs: acceptedMs + limits.loginMs,
          isFull,
          onKnown: () => {
            this.#strangers.delete(id);
            this.#opts.onKnown(id);
            settled();
          },
          onEnd: () => {
            this.#open.delete(connection);
            this.#gone(id);
            settled();
          },
        });
        this.#strangers.set(id, (error) => connection.abort(error));
        this.#open.add(connection);
      });
    } catch (thrown) {
      refuse(
        asFerryError(thrown, () => {
          throw thrown;
        }),
      );
    }
  }

  #gone(id: number): void {
    this.#strangers.delete(id);
    this.#opts.onGone(id);
  }

  /** Resolves when no file is moving and every connection has been closed. */
  async drain(): Promise<void> {
    this.#transfers.goDown();
    for (const connection of this.#open) connection.announceEnd(limits.drainMs);
    while (!this.#transfers.isIdle(performance.now())) await pause(lookMs);
    for (const connection of this.#open) connection.close();
    while (this.#open.size > 0) await pause(lookMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
