/**
 * Some blocks of an object in a row, fetched by one request before somebody asks for them. The memory is used again and again: what is
 * allocated for each block costs more than the block. Held by object-reader.ts; worker threads.
 */

import { limits } from '@ferry/protocol';
import type { ObjectStore } from './object-store.ts';

/** A request costs a store and us as much as half a block. */
export const blocksPerFetch = 4;
/** Under way or waiting, of all readers of a thread. */
const mostFetches = 16;

const free: Buffer[] = [];
let fetches = 0;

/** Which object, in which version. */
type Source = { readonly key: string; readonly etag: string };

export class FetchAhead {
  readonly first: number;
  readonly count: number;
  readonly #memory: Buffer;
  #filled = 0;
  #ended: { readonly error: unknown } | undefined;
  #isDropped = false;
  #waiting: (() => void)[] = [];

  /** Undefined: the thread has enough under way. `bytes` of blocks `first`…, at most {@link blocksPerFetch} of them. */
  static begin(store: ObjectStore, source: Source, first: number, bytes: number): FetchAhead | undefined {
    if (fetches >= mostFetches) return undefined;
    fetches += 1;
    return new FetchAhead(store, source, first, bytes);
  }

  private constructor(store: ObjectStore, { key, etag }: Source, first: number, bytes: number) {
    this.first = first;
    this.count = Math.ceil(bytes / limits.blockBytes);
    this.#memory = free.pop() ?? Buffer.allocUnsafeSlow(blocksPerFetch * limits.blockBytes);
    const target = this.#memory.subarray(0, bytes);
    const onFilled = (filled: number): void => {
      this.#filled = Math.max(this.#filled, filled);
      this.#wake();
    };
    store
      .read(key, etag, first * limits.blockBytes, target, onFilled)
      .then(
        () => onFilled(bytes),
        (error: unknown) => {
          this.#ended = { error };
          this.#wake();
        },
      )
      .finally(() => {
        this.#ended ??= { error: undefined };
        if (this.#isDropped) this.#giveBack();
      });
  }

  has(index: number): boolean {
    return index >= this.first && index < this.first + this.count;
  }

  /** Fills `target`, which is as long as the block. @throws what the store throws */
  async take(index: number, target: Uint8Array): Promise<void> {
    const from = (index - this.first) * limits.blockBytes;
    while (this.#filled < from + target.length) {
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    target.set(this.#memory.subarray(from, from + target.length));
  }

  /** Nobody takes any more of it. Once. */
  drop(): void {
    this.#isDropped = true;
    if (this.#ended !== undefined) this.#giveBack();
  }

  /** Not before the store has let go of it. */
  #giveBack(): void {
    fetches -= 1;
    free.push(this.#memory);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
