/**
 * Another process's look at a running server, over its status socket: how it is about once a second, its log, and orders to it.
 * Main thread of `ferryd status --watch`.
 */

import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Code, FerryError } from '@ferry/protocol';
import type { Order } from '../supervisor/order.ts';
import type { FromServer } from '../supervisor/status-talk.ts';

/** A line is no longer than this, characters: a status of many thousand connections. */
const longestLine = 64 * 1024 * 1024;

export type WatchListener = {
  readonly onTold: (told: FromServer) => void;
  /** Once: the server has gone, or never was there. */
  readonly onEnd: () => void;
};

export class ServerWatch {
  readonly #socket: Socket;
  readonly #listener: WatchListener;
  readonly #orders = new Map<number, PromiseWithResolvers<void>>();
  #nextOrder = 1;
  #text: string[] = [];
  #length = 0;

  /** @param path of the socket */
  constructor(path: string, listener: WatchListener) {
    this.#listener = listener;
    const socket = connect(path, () => socket.write('{"say":"watch"}\n'));
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // What a server that was killed has left.
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
    });
    socket.on('data', (piece: string) => this.#hear(piece));
    socket.on('close', () => {
      for (const { reject } of this.#orders.values()) reject(gone());
      this.#orders.clear();
      listener.onEnd();
    });
  }

  /** Resolves when it was done. @throws {FerryError} NOT_FOUND with the server's words; CONNECTION_LOST */
  order(order: Order): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(gone());
    const id = this.#nextOrder++;
    const waiting = Promise.withResolvers<void>();
    this.#orders.set(id, waiting);
    this.#socket.write(`${JSON.stringify({ say: 'order', id, order })}\n`);
    return waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(piece: string): void {
    const lines = piece.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = [...this.#text, line].join('');
      this.#text = [];
      this.#length = 0;
      this.#take(whole);
    }
    this.#text.push(rest);
    this.#length += rest.length;
    if (this.#length > longestLine) this.#socket.destroy();
  }

  #take(line: string): void {
    // Ours: the folder of the socket lets in nobody else.
    const told = JSON.parse(line) as FromServer;
    if (told.say === 'done') this.#settle(told.id, ({ resolve }) => resolve());
    else if (told.say === 'failed')
      this.#settle(told.id, ({ reject }) => reject(new FerryError(Code.NOT_FOUND, told.why)));
    else this.#listener.onTold(told);
  }

  #settle(id: number, how: (waiting: PromiseWithResolvers<void>) => void): void {
    const waiting = this.#orders.get(id);
    this.#orders.delete(id);
    if (waiting !== undefined) how(waiting);
  }
}

function gone(): FerryError {
  return new FerryError(Code.CONNECTION_LOST, 'the server has gone');
}
