/**
 * Accepted sockets until it is their turn to log in: those that have said nothing, which cost next to nothing, and the line of
 * those that have. A crowd of newcomers must not hold up the sessions of this thread. Worker threads.
 */

import type { Socket } from 'node:net';
import { Code, FerryError, limits } from '@ferry/protocol';

export type NewcomerOpts = {
  /** Where it comes from: of several that wait, the one goes next whose source has the fewest turns now. */
  readonly source: string;
  /** It may say nothing, or wait in line, for so long. */
  readonly silentMs: number;
  /** Once, with its first bytes, which stay in the socket's buffer. */
  readonly onSpoke: () => void;
  /** It is its turn; `done` lets the next one have it, as does time: who dribbles works nobody hard and holds up nobody. */
  readonly onTurn: (done: () => void) => void;
  /** It ended, waited too long or was told to go before it was its turn; the socket is the callee's to destroy. */
  readonly onGone: (error: FerryError) => void;
};

export class Newcomers {
  readonly #atOnce: number;
  /** Who waits, in order, and where from. */
  readonly #line = new Map<() => void, string>();
  /** Turns that are taken, by source. */
  readonly #busy = new Map<string, number>();
  #taken = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** @returns ends it with an error, if it is not its turn yet */
  add(socket: Socket, opts: NewcomerOpts): (error: FerryError) => void {
    let isOver = false;
    const settle = (): void => {
      isOver = true;
      clearTimeout(timer);
      this.#line.delete(turn);
      socket.off('readable', spoke).off('close', ended).off('error', ended);
    };
    const go = (error: FerryError): void => {
      if (isOver) return;
      settle();
      socket.on('error', () => {});
      opts.onGone(error);
    };
    const ended = (): void => go(new FerryError(Code.CONNECTION_LOST, 'it left without logging in'));
    const spoke = (): void => {
      if (socket.readableLength === 0) return;
      socket.off('readable', spoke);
      opts.onSpoke();
      this.#line.set(turn, opts.source);
      this.#next();
    };
    const turn = (): void => {
      settle();
      opts.onTurn(this.#take(opts.source));
    };
    const timer = setTimeout(
      () => go(new FerryError(Code.TIMEOUT, 'the TLS handshake took too long')),
      opts.silentMs,
    );
    socket.on('readable', spoke).on('close', ended).on('error', ended);
    return go;
  }

  /** @returns gives it back; idempotent */
  #take(source: string): () => void {
    this.#taken += 1;
    this.#busy.set(source, (this.#busy.get(source) ?? 0) + 1);
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      this.#taken -= 1;
      const left = (this.#busy.get(source) ?? 1) - 1;
      if (left === 0) this.#busy.delete(source);
      else this.#busy.set(source, left);
      this.#next();
    };
    const timer = setTimeout(done, limits.silentMs);
    return done;
  }

  #next(): void {
    while (this.#taken < this.#atOnce) {
      const turn = this.#nextTurn();
      if (turn === undefined) return;
      turn();
    }
  }

  #nextTurn(): (() => void) | undefined {
    let best: (() => void) | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [turn, source] of this.#line) {
      const taken = this.#busy.get(source) ?? 0;
      if (taken < fewest) [best, fewest] = [turn, taken];
      if (fewest === 0) break;
    }
    return best;
  }
}
