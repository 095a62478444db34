/** Questions to another thread, each with a number, and their answers. Any thread. */

import { type FerryError, fromWireError, type WireError } from '@ferry/protocol';

/** No list is an answer: refusals cross threads as one. */
export class Questions<T extends object> {
  readonly #waiting = new Map<number, PromiseWithResolvers<T>>();
  #next = 1;

  /** @param send with the number that the answer has to come back with. @throws {FerryError} as the answer says */
  ask(send: (id: number) => void): Promise<T> {
    const id = this.#next++;
    const waiting = Promise.withResolvers<T>();
    this.#waiting.set(id, waiting);
    send(id);
    return waiting.promise;
  }

  answer(id: number, answer: T | WireError): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (Array.isArray(answer)) waiting?.reject(fromWireError(answer as unknown as WireError));
    else waiting?.resolve(answer as T);
  }

  /** Nobody answers any more. */
  fail(why: FerryError): void {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}
