/** What a worker asks the main thread and waits for. Worker threads. */

import { fromWireError, type WireError } from '@ferry/protocol';

type Waiting<T> = { readonly resolve: (answer: T) => void; readonly reject: (why: Error) => void };

export class Questions<T extends object> {
  readonly #waiting = new Map<number, Waiting<T>>();
  #nextId = 1;

  /** @throws {FerryError} as the answer says */
  ask(send: (id: number) => void): Promise<T> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  answer(id: number, answer: T | WireError): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (Array.isArray(answer)) waiting?.reject(fromWireError(answer as unknown as WireError));
    else waiting?.resolve(answer as T);
  }
}
