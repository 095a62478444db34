/**
 * Whose message a worker thread is looking at: what a thread that died cannot tell any more. The worker writes, the main thread reads.
 */

export class Blame {
  readonly memory: SharedArrayBuffer;
  readonly #connection: Uint32Array;
  #dies = false;

  /** @param memory of another one, which then tells the same */
  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#connection = new Uint32Array(memory);
  }

  /** Until `over` nothing else runs on the thread. @param connection its number, from 1 */
  begin(connection: number): void {
    Atomics.store(this.#connection, 0, connection);
    if (this.#dies) process.exit(1);
  }

  over(): void {
    Atomics.store(this.#connection, 0, 0);
  }

  /** undefined: nobody's message. */
  get connection(): number | undefined {
    const connection = Atomics.load(this.#connection, 0);
    return connection === 0 ? undefined : connection;
  }

  /** Tests only: the thread ends with the next message, as by a bug in looking at it. */
  dieNext(): void {
    this.#dies = true;
  }
}
