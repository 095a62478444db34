/** Bytes by count from chunks by chance. Pure; called by tar.ts and zstd-frames.ts on I/O threads. */

import type { FerryError } from '../errors.ts';

export class Puller {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #damaged: () => FerryError;
  #rest: Buffer = Buffer.alloc(0);

  /** `damaged`: what is thrown when there are fewer bytes than were asked for. */
  constructor(chunks: AsyncIterable<Buffer>, damaged: () => FerryError) {
    this.#damaged = damaged;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** So many; undefined at a clean end. */
  async take(count: number, isFirst = false): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0; ) {
      if (!(await this.#fill())) {
        if (parts.length === 0 && !isFirst) return undefined;
        throw this.#damaged();
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** As many as there are at once, up to `most`. */
  async some(most: number): Promise<Buffer> {
    if (!(await this.#fill())) throw this.#damaged();
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) left -= (await this.some(left)).length;
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    return true;
  }
}
