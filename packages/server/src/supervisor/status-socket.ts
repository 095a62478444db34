/**
 * Where a running server says how it is, and hears what its owner wants of single sessions: a socket in a folder that only its user
 * may enter. Whoever reads too slowly misses some of what would be told. Main thread; asked by `ferryd status`.
 */

import { unlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { asFerryError, FerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import type { RecentLines } from '../recent-lines.ts';
import { type Order, readOrder } from './order.ts';
import type { ServerStatus } from './status.ts';
import { type FromServer, longestQuestion } from './status-talk.ts';

/** What the system allows for the path of a socket. */
const longestPath = 107;
/** Between two looks of who watches, milliseconds. */
const betweenMs = 1000;
/** Bytes that wait for a slow reader. */
const mostWaiting = 1024 * 1024;
const mostSockets = 64;

export type StatusSocketOpts = {
  readonly folder: string;
  readonly pid: number;
  readonly status: () => Promise<ServerStatus>;
  readonly recent: RecentLines;
  /** @throws {FerryError} */
  readonly order: (order: Order) => Promise<void>;
};

/** Resolves when it can be asked; gives why not where that is so: a server runs without as well. */
export function openStatusSocket(opts: StatusSocketOpts): Promise<string | undefined> {
  const { folder, pid } = opts;
  const path = join(folder, `${pid}.sock`);
  if (Buffer.byteLength(path) > longestPath) return Promise.resolve('the path of its socket is too long');
  try {
    makePrivateFolder(folder);
    unlinkSync(path);
  } catch {
    // Most often there is none left of a process with this number; whatever else is wrong, listening says.
  }
  const server = createServer((socket) => new Talk(socket, opts));
  server.maxConnections = mostSockets;
  process.on('exit', () => {
    try {
      unlinkSync(path);
    } catch {
      // Who asks next clears it away.
    }
  });
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen(path, () => resolve(undefined));
    server.unref();
  });
}

/** One who asks. */
class Talk {
  readonly #socket: Socket;
  readonly #opts: StatusSocketOpts;
  #text = '';
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  constructor(socket: Socket, opts: StatusSocketOpts) {
    this.#socket = socket;
    this.#opts = opts;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (piece: string) => this.#hear(piece));
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#unlisten?.();
    });
  }

  #hear(piece: string): void {
    this.#text += piece;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#answer(line);
    }
    if (this.#text.length > longestQuestion) this.#socket.destroy();
  }

  #answer(line: string): void {
    const question = fieldsIn(line);
    switch (question['say']) {
      case 'status':
        void this.#tellStatus().then(() => this.#socket.end());
        break;
      case 'watch':
        this.#watch();
        break;
      case 'order':
        void this.#order(Number(question['id']), question['order']);
        break;
      default:
        this.#socket.destroy();
    }
  }

  async #order(id: number, value: unknown): Promise<void> {
    try {
      await this.#opts.order(readOrder(value));
      this.#say({ say: 'done', id });
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      this.#say({ say: 'failed', id, why: error.message });
    }
  }

  #watch(): void {
    if (this.#unlisten !== undefined) return;
    const { recent } = this.#opts;
    this.#say({ say: 'log', lines: recent.all });
    this.#unlisten = recent.listen((line) => {
      if (this.#keepsUp) this.#say({ say: 'log', lines: [line] });
    });
    const look = async (): Promise<void> => {
      if (this.#keepsUp) await this.#tellStatus();
      if (!this.#socket.destroyed) this.#timer = setTimeout(() => void look(), betweenMs);
    };
    void look();
  }

  get #keepsUp(): boolean {
    return this.#socket.writableLength < mostWaiting;
  }

  async #tellStatus(): Promise<void> {
    try {
      this.#say({ say: 'status', status: await this.#opts.status() });
    } catch (error) {
      asFerryError(error);
      this.#socket.destroy();
    }
  }

  #say(message: FromServer): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

function fieldsIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
