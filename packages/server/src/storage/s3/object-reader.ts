/**
 * A file of a bucket for reading: ranges straight into the caller's blocks, each only of the version that was opened. Who reads on in
 * order finds the next blocks fetched already. Made by s3-storage.ts; worker threads.
 */

import { Code, type Facts, FerryError } from '@ferry/protocol';
import { blockCount, blockLength, blockOffset } from '@ferry/protocol/content';
import type { ReadHandle } from '../storage.ts';
import { blocksPerFetch, FetchAhead } from './fetch-ahead.ts';
import type { ObjectStore } from './object-store.ts';

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
  /** In order, at most two: what is being taken, and what comes behind it. */
  #ahead: FetchAhead[] = [];
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
    if (index !== this.#next) {
      this.#dropAll();
      this.#runBlocks = this.#next - this.#runFrom;
      this.#runFrom = index;
    } else if (index >= this.#runFrom + this.#runBlocks) this.#runBlocks = Number.POSITIVE_INFINITY;
    this.#next = index + 1;
    const target = buffer.subarray(0, length);
    const fetch = this.#ahead.find((one) => one.has(index));
    if (fetch === undefined) {
      const filled = this.#fill(blockOffset(index), target);
      this.#fetchAhead();
      await filled;
      return length;
    }
    this.#fetchAhead();
    await this.#told(fetch.take(index, target));
    if (!fetch.has(this.#next)) this.#drop(fetch);
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
    this.#dropAll();
  }

  #fetchAhead(): void {
    const { store, key, etag } = this.#spec;
    const last = this.#ahead.at(-1);
    const first = last === undefined ? this.#next : last.first + last.count;
    const end = Math.min(
      blockCount(this.facts.size),
      this.#runFrom + this.#runBlocks,
      first + blocksPerFetch,
    );
    if (this.#isClosed || this.#ahead.length >= 2 || first >= end) return;
    const bytes = Math.min(this.facts.size, blockOffset(end)) - blockOffset(first);
    const fetch = FetchAhead.begin(store, { key, etag }, first, bytes);
    if (fetch !== undefined) this.#ahead.push(fetch);
  }

  #drop(fetch: FetchAhead): void {
    this.#ahead = this.#ahead.filter((one) => one !== fetch);
    fetch.drop();
  }

  #dropAll(): void {
    for (const fetch of this.#ahead) fetch.drop();
    this.#ahead = [];
  }

  #fill(offset: number, target: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new FerryError(Code.IO_ERROR, 'the file is closed');
    const { store, key, etag } = this.#spec;
    return this.#told(store.read(key, etag, offset, target));
  }

  async #told(filled: Promise<void>): Promise<void> {
    try {
      await filled;
      this.#isSeen = true;
    } catch (cause) {
      const isOther =
        cause instanceof FerryError && (cause.code === Code.CONFLICT || cause.code === Code.NOT_FOUND);
      if (!isOther) throw cause;
      throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read', { cause });
    }
  }
}
