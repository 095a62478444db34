/** The blocks of one part while they come in, in any order, at their places. Held by multipart.ts; worker threads. */

import { limits } from '@ferry/protocol';

export class PendingRun {
  readonly taken: number;
  readonly #first: number;
  readonly #memory: Buffer;
  readonly #there = new Set<number>();

  /**
   * @param memory as long as the whole part, from block `first` on
   * @param taken of the thread's memory for it, bytes
   */
  constructor(first: number, memory: Buffer, taken: number) {
    this.#first = first;
    this.taken = taken;
    this.#memory = memory;
  }

  get memory(): Buffer {
    return this.#memory;
  }

  get bytes(): number {
    return this.#memory.length;
  }

  get isWhole(): boolean {
    return this.#there.size === Math.ceil(this.#memory.length / limits.blockBytes);
  }

  get blocks(): Iterable<number> {
    return this.#there;
  }

  has(index: number): boolean {
    return this.#there.has(index);
  }

  add(index: number, bytes: Uint8Array): void {
    this.place(index).set(bytes);
    this.#there.add(index);
  }

  /** Where a block belongs; whoever fills it says so with {@link added}. */
  place(index: number): Buffer {
    const at = (index - this.#first) * limits.blockBytes;
    return this.#memory.subarray(at, at + limits.blockBytes);
  }

  added(index: number): void {
    this.#there.add(index);
  }

  /** @throws {Error} unless {@link isWhole} */
  whole(): Buffer {
    if (!this.isWhole) throw new Error('a part is not whole');
    return this.#memory;
  }
}
