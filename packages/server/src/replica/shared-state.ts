/** The thread that keeps what several servers share, as the main thread sees it: started, asked, and started again when it dies. */

import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Code, FerryError, fromWireError, show, type WireError } from '@ferry/protocol';
import type { BusConfig } from '../bus/bus-address.ts';
import type { ChatRing } from '../chat/chat-hub.ts';
import { type Log, note } from '../log.ts';
import { Questions } from '../questions.ts';
import type { FromReplica, ReplicaThreadSetup, Shared, ToReplica } from './replica-thread.ts';

/** A thread that died is started again after this long, milliseconds. */
const againMs = 1000;

export type SharedStateOpts = {
  readonly bus: BusConfig;
  readonly accessFile: string;
  /** undefined: there is no chat. */
  readonly chatFile: string | undefined;
  /** As freshness.ts made it. */
  readonly freshness: SharedArrayBuffer;
  readonly log: Log;
  /** Something was said, by whomever and wherever; undefined: in any room. */
  readonly onSaid: (ring: ChatRing | undefined) => void;
};

/** Makes one change, given and answered encoded. @throws {FerryError} as Changes.make */
export type ChangeShared = (what: Shared, order: Uint8Array) => Promise<Buffer>;

export class SharedState {
  readonly #opts: SharedStateOpts;
  readonly #errands = new Questions<Uint8Array>();
  #thread: Worker | undefined;
  #isClosed = false;
  /** Why the chat is not one of theirs. */
  chatFault: WireError | undefined;

  private constructor(opts: SharedStateOpts) {
    this.#opts = opts;
  }

  /** Resolves when the files are as those of the others. @throws {FerryError} CONFIG, BUSY, VERSION: it cannot be one of them */
  static async join(opts: SharedStateOpts): Promise<SharedState> {
    const state = new SharedState(opts);
    await state.#start();
    return state;
  }

  readonly change: ChangeShared = async (what, order) => {
    const thread = this.#thread;
    if (thread === undefined) throw notNow();
    return Buffer.from(
      await this.#errands.ask((id) => thread.postMessage({ id, what, order } satisfies ToReplica)),
    );
  };

  /** Ends the thread; what was agreed on is in the log. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.terminate();
  }

  async #start(): Promise<void> {
    const { log, bus, accessFile, chatFile, freshness, onSaid } = this.#opts;
    const thread = new Worker(new URL('./replica-thread.ts', import.meta.url), {
      name: 'shared',
      workerData: { bus, accessFile, chatFile, freshness } satisfies ReplicaThreadSetup,
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let isReady = false;
    thread.on('message', (message: FromReplica) => {
      switch (message.kind) {
        case 'ready':
          isReady = true;
          this.chatFault = message.chat;
          this.#thread = thread;
          resolve();
          break;
        case 'failed':
          reject(fromWireError(message.why));
          break;
        case 'said':
          onSaid(message.ring);
          break;
        case 'answer':
          this.#errands.answer(message.id, message.answer);
          break;
        case 'trouble':
          note(log, message.why === undefined ? 'the other servers are reached again' : show(message.why));
      }
    });
    let why: unknown;
    thread.on('error', (error) => {
      why = error;
    });
    thread.once('exit', () => {
      this.#errands.fail(notNow());
      if (this.#thread === thread) this.#thread = undefined;
      if (isReady) void this.#startAgain(why);
      else reject(why instanceof Error ? why : new Error('the thread of what servers share ended'));
    });
    await promise;
  }

  async #startAgain(why: unknown): Promise<void> {
    const { log } = this.#opts;
    while (!this.#isClosed) {
      const words = why instanceof Error ? (why.stack ?? why.message) : String(why);
      note(log, `what the servers share is not followed now: ${show(words)}`);
      await pause(againMs);
      if (this.#isClosed) return;
      try {
        await this.#start();
        note(log, 'what the servers share is followed again');
        return;
      } catch (error) {
        why = error instanceof FerryError ? error.message : error;
      }
    }
  }
}

function notNow(): FerryError {
  return new FerryError(Code.BUSY, 'that could not be changed now: try again', { retryAfterMs: 1000 });
}
