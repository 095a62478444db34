/** An upload into memory. Made by MemoryStorage, and for small files in object storage; any thread. */

import { Code, FerryError, limits } from '@ferry/protocol';
import {
  blockCount,
  blockDigest,
  blockLength,
  blockOffset,
  rootDigest,
  sameDigest,
} from '@ferry/protocol/content';
import type { Committed, Upload } from './storage.ts';

export type UploadOwner = {
  /** @throws EXISTS, CONFLICT, NOT_FOUND */
  publish(bytes: Uint8Array, rootDigest: Uint8Array): Committed | Promise<Committed>;
  ended(): void;
};

export class MemoryUpload implements Upload {
  readonly #size: number;
  readonly #owner: UploadOwner;
  readonly #blocks = new Map<number, Uint8Array>();
  /** Blocks of which slices came. */
  readonly #sliced = new Map<number, Uint8Array>();
  #ended = false;

  constructor(size: number, owner: UploadOwner) {
    this.#size = size;
    this.#owner = owner;
  }

  write(index: number, bytes: Uint8Array, digest: Uint8Array): void {
    this.#checkOpen();
    const fits = Number.isSafeInteger(index) && index >= 0 && index < limits.fileBlocks;
    if (!fits || bytes.length === 0 || bytes.length !== blockLength(this.#size, index)) {
      throw new FerryError(Code.MALFORMED, 'a block does not fit the announced size of the file');
    }
    if (!sameDigest(blockDigest(bytes), digest))
      throw new FerryError(Code.INTEGRITY, 'a block arrived damaged');
    this.#blocks.set(index, Uint8Array.from(bytes));
  }

  writeSlice(index: number, offset: number, bytes: Uint8Array): void {
    this.#checkOpen();
    const length = blockLength(this.#size, index);
    if (bytes.length === 0 || offset + bytes.length > length) {
      throw new FerryError(Code.MALFORMED, 'a slice does not fit its block');
    }
    if (this.#blocks.has(index)) return;
    const block = this.#sliced.get(index) ?? new Uint8Array(length);
    block.set(bytes, offset);
    this.#sliced.set(index, block);
  }

  settle(index: number, digest: Uint8Array): void {
    const block = this.#sliced.get(index) ?? this.#blocks.get(index);
    this.write(index, block ?? new Uint8Array(blockLength(this.#size, index)), digest);
    this.#sliced.delete(index);
  }

  *verified(): Generator<readonly [index: number, digest: Uint8Array], void, void> {
    for (const index of this.#blocks.keys()) yield [index, this.#digest(index)];
  }

  async commit(expected: Uint8Array): Promise<Committed> {
    this.#checkOpen();
    try {
      if (this.#blocks.size !== blockCount(this.#size)) {
        throw new FerryError(Code.BAD_STATE, 'blocks of the file are missing');
      }
      const bytes = new Uint8Array(this.#size);
      for (const [index, block] of this.#blocks) bytes.set(block, blockOffset(index));
      const digests = Array.from({ length: this.#blocks.size }, (_, i) => this.#digest(i));
      if (!sameDigest(rootDigest(this.#size, digests), expected)) {
        throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
      }
      return await this.#owner.publish(bytes, expected);
    } finally {
      this.discard();
    }
  }

  /** Memory outlives no interruption worth the name. */
  leave(): void {
    this.discard();
  }

  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#blocks.clear();
    this.#sliced.clear();
    this.#owner.ended();
  }

  #digest(index: number): Uint8Array {
    const block = this.#blocks.get(index);
    if (block === undefined) throw new Error('a block is missing');
    return blockDigest(block);
  }

  #checkOpen(): void {
    if (this.#ended) throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
  }
}
