/** Steps that go one after the other, in the order in which they were asked for. I/O thread. */

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves or rejects as `step` does, which begins when all before it have ended, however they ended. */
  async take<T>(step: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      return await step();
    } finally {
      resolve();
    }
  }
}
