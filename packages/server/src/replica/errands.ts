/** Questions to another thread, each with a number, and their answers. Any thread. */

import { Code, FerryError, fromWireError, toWireError, type WireError } from '@ferry/protocol';

/** As it crosses a thread. */
export type ErrandAnswer = Uint8Array | WireError;

export class Errands {
  readonly #waiting = new Map<number, PromiseWithResolvers<Buffer>>();
  #next = 1;

  /** @param send with the number that the answer has to come back with */
  ask(send: (id: number) => void): Promise<Buffer> {
    const id = this.#next;
    this.#next += 1;
    const waiting = Promise.withResolvers<Buffer>();
    this.#waiting.set(id, waiting);
    send(id);
    return waiting.promise;
  }

  answer(id: number, answer: ErrandAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (answer instanceof Uint8Array) waiting?.resolve(Buffer.from(answer));
    else waiting?.reject(fromWireError(answer));
  }

  /** Nobody answers any more. */
  fail(): void {
    const why = new FerryError(Code.BUSY, 'that could not be changed now: try again', { retryAfterMs: 1000 });
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}

/** What `work` comes to, as it crosses a thread. A bug is thrown. */
export async function answerOf(work: () => Promise<Buffer>): Promise<ErrandAnswer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FerryError) return toWireError(error);
    throw error;
  }
}
