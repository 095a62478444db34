/**
 * A file of a bucket for reading: ranges straight into the caller's blocks, each only of the version that was opened. Who reads on in
 * order finds the next blocks fetched already. Made by s3-storage.ts; worker threads.
 */

import { Code, type Facts, FerryError } from '@ferry/protocol';
import { blockLength, blockOffset } from '@ferry/protocol/content';
import type { ReadHandle } from '../storage.ts';
import type { ObjectStore } from './object-store.ts';

/** Blocks that are fetched ahead of a reader who takes them in order… */
const ahead = 3;
/** …and for all readers of a thread together. */
const aheadOfAll = 64;
let aheadNow = 0;

export type ReaderSpec = {
  readonly store: ObjectStore;
  readonly key: string;
  readonly etag: string;
  readonly facts: Facts;
  /** Whether it is still there; asked when nothing was read since the last time. */
  readonly look: () => Promise<boolean>;
};

export class ObjectReader implements ReadHandle {
  readonly facts: Facts;
  readonly #spec: ReaderSpec;
  readonly #ahead = new Map<number, Promise<Buffer>>();
  #next = 0;
  /** Lanes share a file in runs of blocks: what is behind this one's run is another lane's, and would be fetched in vain. */
  #runFrom = 0;
  #runBlocks = Number.POSITIVE_INFINITY;
  /** The store has just given content of this version. */
  #isSeen = false;
  #isClosed = false;

  constructor(spec: ReaderSpec) {
    this.#spec = spec;
    this.facts = spec.facts;
  }

  async read(index: number, buffer: Uint8Array): Promise<number> {
    const { size } = this.facts;
    const length = blockLength(size, index);
    if (length === 0) return 0;
    const known = this.#ahead.get(index);
    this.#forget(index);
    if (index !== this.#next) {
      this.#forgetAll();
      this.#runBlocks = this.#next - this.#runFrom;
      this.#runFrom = index;
    } else if (index >= this.#runFrom + this.#runBlocks) this.#runBlocks = Number.POSITIVE_INFINITY;
    this.#next = index + 1;
    const own = known ?? this.#fill(blockOffset(index), buffer.subarray(0, length));
    this.#fetchAhead();
    const bytes = await own;
    if (bytes instanceof Uint8Array) buffer.set(bytes);
    return length;
  }

  async readAt(offset: number, target: Uint8Array): Promise<void> {
    if (offset + target.length > this.facts.size) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
    }
    await this.#fill(offset, target);
  }

  async unchanged(): Promise<boolean> {
    if (this.#isSeen) {
      this.#isSeen = false;
      return true;
    }
    return this.#spec.look();
  }

  close(): void {
    this.#isClosed = true;
    this.#forgetAll();
  }

  #fetchAhead(): void {
    const end = Math.min(this.#next + ahead, this.#runFrom + this.#runBlocks);
    for (let index = this.#next; index < end; index++) {
      const length = blockLength(this.facts.size, index);
      if (length === 0 || aheadNow >= aheadOfAll) return;
      if (this.#ahead.has(index)) continue;
      aheadNow += 1;
      const target = Buffer.allocUnsafe(length);
      const filled = this.#fill(blockOffset(index), target).then(() => target);
      // Whoever takes it hears of it.
      filled.catch(() => {});
      this.#ahead.set(index, filled);
    }
  }

  #forget(index: number): void {
    if (this.#ahead.delete(index)) aheadNow -= 1;
  }

  #forgetAll(): void {
    for (const index of [...this.#ahead.keys()]) this.#forget(index);
  }

  async #fill(offset: number, target: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new FerryError(Code.IO_ERROR, 'the file is closed');
    const { store, key, etag } = this.#spec;
    try {
      await store.read(key, etag, offset, target);
      this.#isSeen = true;
    } catch (cause) {
      const isOther =
        cause instanceof FerryError && (cause.code === Code.CONFLICT || cause.code === Code.NOT_FOUND);
      if (!isOther) throw cause;
      throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read', { cause });
    }
  }
}
