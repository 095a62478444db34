/** All connections of one worker, from the accepted socket to their end, and their common end. Worker threads. */

import type { SecureContext } from 'node:tls';
import { asFerryError, Code, FerryError, limits, show } from '@ferry/protocol';
import { acceptTls } from '@ferry/protocol/link';
import { type Offence, sourceKey } from '../access/throttle.ts';
import type { Blame } from '../blame.ts';
import { Connection, type ConnectionContext, type KnownAs } from '../session/connection.ts';
import type { ToWorker, WorkerReport } from '../supervisor/messages.ts';
import { type Origin, readOrigin } from './forwarded.ts';
import { Newcomers } from './newcomers.ts';
import { Transfers } from './transfers.ts';

export type ConnectionsOpts = Omit<
  ConnectionContext,
  'transfers' | 'onKnown' | 'checkPassword' | 'refusal' | 'onOffence'
> & {
  readonly onPassword: (id: number, user: string, password: string) => void;
  readonly onOffence: (id: number, offence: Offence) => void;
  readonly secureContext: SecureContext;
  readonly blame: Blame;
  /** A balancer says where this one comes from; `introduced` answers. */
  readonly onOrigin: (id: number, source: string) => void;
  /** The first bytes of a stranger have come. */
  readonly onSpoke: (id: number) => void;
  readonly onKnown: (id: number, as: KnownAs) => void;
  readonly onGone: (id: number) => void;
};

type Accepted = ToWorker & { readonly kind: 'socket' };
type Newcomer = Pick<Accepted, 'id' | 'socket'> & { readonly acceptedMs: number; readonly from: Origin };

/** How often a worker that is going down looks whether it may. */
const lookMs = 50;

export class Connections {
  readonly #opts: ConnectionsOpts;
  readonly #transfers = new Transfers();
  readonly #open = new Map<number, Connection>();
  readonly #newcomers = new Newcomers(limits.workerLogins);
  /** Those of whom a balancer has told, until the main thread has answered. */
  readonly #introducing = new Map<number, Newcomer>();
  /** Ends a stranger, by its number. */
  readonly #strangers = new Map<number, (error: FerryError) => void>();
  /** By connection: a stranger has one try. */
  readonly #passwords = new Map<
    number,
    { readonly resolve: (account: number | undefined) => void; readonly reject: (why: FerryError) => void }
  >();

  constructor(opts: ConnectionsOpts) {
    this.#opts = opts;
  }

  /** @param refusal why nobody gets in on this one */
  accept(accepted: Accepted, refusal: FerryError | undefined): void {
    const { id, socket, ageMs, isForwarded } = accepted;
    const acceptedMs = performance.now() - ageMs;
    const from = { host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 };
    if (!isForwarded) {
      this.#admit({ ...accepted, acceptedMs, from }, refusal);
      return;
    }
    const leave = readOrigin(socket, {
      withinMs: limits.handshakeMs - ageMs,
      onOrigin: (origin) => {
        if (origin === undefined) {
          // The balancer only looked.
          socket.destroy();
          this.#gone(id);
          return;
        }
        this.#introducing.set(id, { ...accepted, acceptedMs, from: origin });
        this.#opts.onOrigin(id, origin.host);
      },
      onGone: (error) => this.#refuse({ id, socket, from }, error),
    });
    this.#strangers.set(id, (error) => {
      leave(error);
      const waiting = this.#introducing.get(id);
      if (waiting !== undefined) this.#refuse(waiting, error);
    });
  }

  /** The answer to onOrigin. */
  introduced(id: number, refusal: FerryError | undefined): void {
    const newcomer = this.#introducing.get(id);
    this.#introducing.delete(id);
    if (newcomer === undefined) return;
    if (newcomer.socket.destroyed)
      this.#refuse(newcomer, new FerryError(Code.CONNECTION_LOST, 'it left without logging in'));
    else this.#admit(newcomer, refusal);
  }

  #refuse({ id, socket, from }: Pick<Newcomer, 'id' | 'socket' | 'from'>, error: FerryError): void {
    socket.destroy();
    this.#introducing.delete(id);
    if (!this.#strangers.has(id)) return;
    // Who has to go for another one has done nothing.
    if (error.code !== Code.LIMIT) this.#opts.onOffence(id, error.code === Code.TIMEOUT ? 'slow' : 'left');
    this.#gone(id);
    const peer = `${from.host}:${from.port}`;
    this.#opts.log({ what: 'refused', peer, code: error.codeName, why: show(error.message) });
  }

  #admit(newcomer: Newcomer, refusal: FerryError | undefined): void {
    const { id, socket, acceptedMs, from } = newcomer;
    const refuse = (error: FerryError): void => this.#refuse(newcomer, error);
    const leave = this.#newcomers.add(socket, {
      source: sourceKey(from.host),
      silentMs: acceptedMs + limits.handshakeMs - performance.now(),
      onSpoke: () => this.#opts.onSpoke(id),
      onGone: refuse,
      onTurn: (done) => {
        this.#strangers.set(id, refuse);
        void this.#secure(newcomer, refusal)
          .catch((thrown: unknown) =>
            refuse(
              asFerryError(thrown, () => {
                throw thrown;
              }),
            ),
          )
          .finally(done);
      },
    });
    this.#strangers.set(id, leave);
  }

  /** Ends a stranger that has to go for another one. */
  drop(id: number): void {
    this.#strangers.get(id)?.(new FerryError(Code.LIMIT, 'it had to go for another one'));
  }

  /** Resolves when it has logged in, or is gone. @throws {FerryError} as acceptTls */
  async #secure({ id, socket, acceptedMs, from }: Newcomer, refusal: FerryError | undefined): Promise<void> {
    const withinMs = acceptedMs + limits.handshakeMs - performance.now();
    const link = await acceptTls(socket, this.#opts.secureContext, { withinMs, from });
    await new Promise<void>((settled) => {
      const connection = new Connection(link, {
        ...this.#opts,
        transfers: this.#transfers,
        deadlineMs: acceptedMs + limits.loginMs,
        refusal,
        work: { begin: () => this.#opts.blame.begin(id), over: () => this.#opts.blame.over() },
        checkPassword: (user, password) => this.#checkPassword(id, user, password),
        onOffence: (offence) => this.#opts.onOffence(id, offence),
        onKnown: (as) => {
          this.#strangers.delete(id);
          this.#opts.onKnown(id, as);
          settled();
        },
        onEnd: () => {
          this.#open.delete(id);
          this.#gone(id);
          settled();
        },
      });
      this.#strangers.set(id, (error) => connection.abort(error));
      this.#open.set(id, connection);
    });
  }

  #gone(id: number): void {
    this.#strangers.delete(id);
    this.#opts.onGone(id);
  }

  /** Bytes that each connection has moved so far, and what moves now. */
  report(): WorkerReport {
    return {
      connections: [...this.#open].map(([id, { moved }]) => ({
        id,
        received: moved.received,
        sent: moved.sent,
      })),
      moving: this.#transfers.moving(performance.now()),
    };
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

  /** Something from the owner; of one that is no session it does nothing. */
  tell(id: number, text: string): void {
    this.#open.get(id)?.tell(text);
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
