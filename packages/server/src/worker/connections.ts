/** All connections of one worker, from the accepted socket to their end, and their common end. Worker threads. */

import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { asFerryError, Code, FerryError, limits, show } from '@ferry/protocol';
import { acceptTls } from '@ferry/protocol/link';
import type { Offence } from '../access/throttle.ts';
import { Connection, type ConnectionContext, type KnownAs } from '../session/connection.ts';
import type { ConnectionReport } from '../supervisor/messages.ts';
import { Transfers } from './transfers.ts';

export type ConnectionsOpts = Omit<
  ConnectionContext,
  'transfers' | 'onKnown' | 'checkPassword' | 'refusal' | 'onOffence'
> & {
  readonly onPassword: (id: number, user: string, password: string) => void;
  readonly onOffence: (id: number, offence: Offence) => void;
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
  /** By connection: a stranger has one try. */
  readonly #passwords = new Map<
    number,
    { readonly resolve: (account: number | undefined) => void; readonly reject: (why: FerryError) => void }
  >();

  constructor(opts: ConnectionsOpts) {
    this.#opts = opts;
  }

  /** @param refusal why nobody gets in on this one */
  accept(id: number, socket: Socket, refusal: FerryError | undefined): void {
    const deadlineMs = performance.now() + limits.loginMs;
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    void acceptTls(socket, this.#opts.secureContext).then(
      (link) => {
        const connection = new Connection(link, {
          ...this.#opts,
          transfers: this.#transfers,
          deadlineMs,
          refusal,
          checkPassword: (user, password) => this.#checkPassword(id, user, password),
          onOffence: (offence) => this.#opts.onOffence(id, offence),
          onKnown: (as) => this.#opts.onKnown(id, as),
          onEnd: () => {
            this.#open.delete(id);
            this.#opts.onGone(id);
          },
        });
        this.#open.set(id, connection);
      },
      (thrown: unknown) => {
        const error = asFerryError(thrown, () => {
          throw thrown;
        });
        this.#opts.onOffence(id, error.code === Code.TIMEOUT ? 'slow' : 'left');
        this.#opts.onGone(id);
        this.#opts.log({ what: 'refused', peer, code: error.codeName, why: show(error.message) });
      },
    );
  }

  /** Bytes that each connection has moved so far. */
  report(): readonly ConnectionReport[] {
    return [...this.#open].map(([id, { moved }]) => ({ id, received: moved.received, sent: moved.sent }));
  }

  /** The answer to onPassword. */
  answerPassword(id: number, account: number | undefined | FerryError): void {
    const waiting = this.#passwords.get(id);
    this.#passwords.delete(id);
    if (account instanceof FerryError) waiting?.reject(account);
    else waiting?.resolve(account);
  }

  #checkPassword(id: number, user: string, password: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#passwords.set(id, { resolve, reject });
      this.#opts.onPassword(id, user, password);
    });
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
