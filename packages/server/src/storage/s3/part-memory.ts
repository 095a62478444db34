/**
 * How much of files that are not stored yet a thread holds, for all uploads into object storage together. Who gets none puts a block
 * into the store by itself, which is slower and needs nothing. Worker threads.
 */

export class PartMemory {
  #freeBytes: number;

  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
