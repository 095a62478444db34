/**
 * How much of files that are not stored yet a thread holds, for all uploads into object storage together; and that memory itself, used
 * again and again: to allocate it anew for each part costs more than to fill it. Who gets none puts a block into the store by itself,
 * which needs nothing and costs the store three times as much. Worker threads.
 */

import { limits } from '@ferry/protocol';

/** All threads of a server together… */
const serverBytes = 64 * limits.blockBytes;
/** …but each so much at least: two parts, of which one is on its way. */
const leastBytes = 16 * limits.blockBytes;
/** What most parts have. */
const usualBytes = 8 * limits.blockBytes;
/** Each waits with blocks of its lane in hand: were there more, all of a thread's block buffers could be theirs, and no part become whole. */
const mostWaiting = 8;
/** As long as others fill their parts or the store takes them, memory comes back; who holds it without either is not waited for. */
const usualPatienceMs = 2000;

type Waiter = { readonly bytes: number; readonly resolve: (isTaken: boolean) => void };

export class PartMemory {
  readonly #bytes: number;
  readonly #patienceMs: number;
  #freeBytes: number;
  readonly #idle: Buffer[] = [];
  /** First come, first served. */
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #onTheirWay = 0;
  /** The last of those who have none. */
  #beyond: Promise<unknown> = Promise.resolve();

  constructor(bytes: number, patienceMs = usualPatienceMs) {
    this.#bytes = bytes;
    this.#freeBytes = bytes;
    this.#patienceMs = patienceMs;
  }

  /** The share of one of so many threads of a server. */
  static ofThread(threads: number): PartMemory {
    return new PartMemory(Math.max(leastBytes, Math.floor(serverBytes / threads)));
  }

  /** Nobody overtakes who waits. What is larger than all of it is one's who is alone. */
  take(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#takeNow(bytes);
  }

  /** As {@link take}, as soon as others have given back so much; false: nobody gave anything back for a while, or too many wait. */
  async takeSoon(bytes: number): Promise<boolean> {
    if (this.take(bytes)) return true;
    if (this.#waiting.length >= mostWaiting) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ bytes, resolve });
    this.#timer ??= setTimeout(() => this.#refuseAll(), this.#patienceMs);
    return promise;
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
    for (
      let [first] = this.#waiting;
      first !== undefined && this.#takeNow(first.bytes);
      [first] = this.#waiting
    ) {
      this.#waiting.shift();
      first.resolve(true);
    }
    if (this.#waiting.length > 0) this.#timer?.refresh();
    else this.#stop();
  }

  /** A part grows: whoever waits for memory waits for somebody who is at work. */
  grew(): void {
    this.#timer?.refresh();
  }

  /** Some of it is on its way to the store, which ends: until then nobody is impatient. */
  async whileSent<T>(sent: Promise<T>): Promise<T> {
    this.#onTheirWay += 1;
    try {
      return await sent;
    } finally {
      this.#onTheirWay -= 1;
    }
  }

  /** For what has to be done even where there is no memory: one at a time does it. */
  beyond<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#beyond.then(act);
    this.#beyond = turn.catch(() => {});
    return turn;
  }

  /** A buffer for so many bytes that were taken. Old bytes are in it. */
  buffer(bytes: number): Buffer {
    if (bytes > usualBytes) return Buffer.allocUnsafeSlow(bytes);
    return (this.#idle.pop() ?? Buffer.allocUnsafeSlow(usualBytes)).subarray(0, bytes);
  }

  /** One of {@link buffer} that nobody reads or fills any more. */
  recycle(buffer: Buffer): void {
    const whole = buffer.buffer;
    if (whole.byteLength !== usualBytes || (this.#idle.length + 1) * usualBytes > this.#bytes) return;
    this.#idle.push(Buffer.from(whole));
  }

  #takeNow(bytes: number): boolean {
    if (bytes > this.#freeBytes && this.#freeBytes < this.#bytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  #refuseAll(): void {
    this.#timer = undefined;
    if (this.#onTheirWay > 0) {
      this.#timer = setTimeout(() => this.#refuseAll(), this.#patienceMs);
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(false);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
