/** Questions from one server to another, and their answers. Either may be lost: then there is no answer in time. Main thread. */

import { asFerryError, Code, FerryError, limits } from '@ferry/protocol';
import { decodeToOne, encodeSaid, type ToOne } from './envelope.ts';

/** How long an answer may take, milliseconds: several times what a NATS cluster that loses a node needs to find another way. */
const answerMs = 5000;

/** Answers a question. What it throws as a FerryError is thrown at whoever asks, too. `from` is a server. */
export type Answer = (body: Uint8Array, from: string) => Uint8Array | Promise<Uint8Array>;

export type CallsOpts = {
  /** False: it is lost. */
  readonly send: (server: string, payload: Uint8Array) => boolean;
  /** undefined: nobody here answers that. */
  readonly answers: (verb: string) => Answer | undefined;
  /** Something came that no server of ours says. */
  readonly onNonsense: (server: string, why: FerryError) => void;
};

type Waiting = {
  readonly server: string;
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (why: FerryError) => void;
};

export class Calls {
  readonly #opts: CallsOpts;
  readonly #waiting = new Map<number, Waiting>();
  #answering = 0;
  #nextId = 1;

  constructor(opts: CallsOpts) {
    this.#opts = opts;
  }

  /**
   * Resolves with the answer. Whether the other side did what it was asked for is not known when this throws BUSY.
   * @throws {FerryError} BUSY when there is none in time or it cannot be asked, and what the other side says
   */
  async ask(server: string, verb: string, body: Uint8Array): Promise<Uint8Array> {
    if (this.#waiting.size >= limits.busCalls) throw noAnswer();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(id, { server, resolve, reject });
    const timer = setTimeout(() => reject(noAnswer()), answerMs);
    try {
      if (!this.#opts.send(server, encodeSaid({ what: 'ask', id, verb, body }))) throw noAnswer();
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** What came to this server alone. @param server says who sent it */
  hear(server: string, payload: Uint8Array): void {
    let said: ToOne;
    try {
      said = decodeToOne(payload);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      this.#opts.onNonsense(server, error);
      return;
    }
    if (said.what === 'ask') {
      void this.#answer(server, said);
      return;
    }
    const waiting = this.#waiting.get(said.id);
    // Too late, or of somebody who was not asked.
    if (waiting?.server !== server) return;
    if (said.code === 0) waiting.resolve(said.body);
    else waiting.reject(new FerryError(said.code as Code, said.words));
  }

  /** It is taken for gone: who waits for it waits no longer. */
  gone(server: string): void {
    for (const waiting of this.#waiting.values()) if (waiting.server === server) waiting.reject(noAnswer());
  }

  async #answer(server: string, { id, verb, body }: ToOne & { what: 'ask' }): Promise<void> {
    const answer = this.#opts.answers(verb);
    // One that is not answered is asked again by whoever still wants to know.
    if (answer === undefined || this.#answering >= limits.busCalls) return;
    this.#answering += 1;
    let said: ToOne = { what: 'answer', id, code: 0, words: '', body: new Uint8Array() };
    try {
      said = { ...said, body: await answer(body, server) };
    } catch (thrown) {
      const error = asFerryError(thrown, () => {
        throw thrown;
      });
      said = { ...said, code: error.code, words: error.message.slice(0, 256) };
    } finally {
      this.#answering -= 1;
    }
    this.#opts.send(server, encodeSaid(said));
  }
}

function noAnswer(): FerryError {
  return new FerryError(Code.BUSY, 'the server that has to be asked does not answer now: try again later', {
    retryAfterMs: 1000,
  });
}
