/**
 * Reused buffers of one block each, with room in front for the frame and block headers, so that a block is read from disk,
 * hashed, sent, received and written without ever being copied into another buffer. One pool per I/O thread.
 *
 * The cap is the thread's memory promise: who finds no free buffer waits (`free`), which stops its reading of disk or socket.
 */

import { limits } from '../limits.ts';
import { frameHeaderBytes } from '../wire/frame.ts';
import { blockHeaderBytes } from './block.ts';

/** Where content starts in every block buffer: frame header and block header lie before it. */
export const blockContentAt = frameHeaderBytes + blockHeaderBytes;
const bufferBytes = blockContentAt + limits.blockBytes;

export class BlockPool {
  readonly #cap: number;
  readonly #idle: Buffer[] = [];
  readonly #waiting = new Set<() => void>();
  #out = 0;

  constructor(cap: number = limits.workerBlockBuffers) {
    this.#cap = cap;
  }

  /** Buffers in use. */
  get out(): number {
    return this.#out;
  }

  /** A buffer, or undefined when the cap is reached. Its bytes are old blocks' bytes: never send what was not filled. */
  take(): Buffer | undefined {
    return this.#out < this.#cap ? this.takeAnyway() : undefined;
  }

  /** A buffer even beyond the cap, for bytes that have arrived already; the caller then pauses its link. */
  takeAnyway(): Buffer {
    this.#out += 1;
    return this.#idle.pop() ?? Buffer.alloc(bufferBytes);
  }

  /** How many could be taken now. */
  get free(): number {
    return Math.max(0, this.#cap - this.#out);
  }

  /** True when the next `take` would fail. */
  get exhausted(): boolean {
    return this.#out >= this.#cap;
  }

  give(buffer: Buffer): void {
    this.#out -= 1;
    if (this.#idle.length + this.#out < this.#cap) this.#idle.push(buffer);
    // Not all who are woken take one, so waking goes on until the buffers are gone; nobody waits beside a free one.
    while (!this.exhausted) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next();
    }
  }

  /** Calls `wake` once, when a buffer was given back. Returns the cancel. First come, first served. */
  onFree(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }
}
