/** Bytes of unknown number as blocks of an answer: collected in one buffer of the pool at a time. Worker threads. */

import { asFerryError, Code, FerryError, limits } from '@ferry/protocol';
import { blockContentAt, blockDigest } from '@ferry/protocol/content';
import type { ServerCall } from '@ferry/protocol/session';
import type { BufferShare } from './buffer-shares.ts';

export class BlockStream {
  readonly #buffers: BufferShare;
  readonly #call: Pick<ServerCall<never>, 'block' | 'ready' | 'signal'>;
  #buffer: Buffer | undefined;
  #filled = 0;
  #blocks = 0;
  #size = 0;

  constructor(buffers: BufferShare, call: Pick<ServerCall<never>, 'block' | 'ready' | 'signal'>) {
    this.#buffers = buffers;
    this.#call = call;
  }

  /** Sent so far. */
  get blocks(): number {
    return this.#blocks;
  }

  get size(): number {
    return this.#size;
  }

  /** `bytes` is the caller's again afterwards. @throws {FerryError} CANCELLED, CONNECTION_LOST */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      this.#buffer ??= await this.#buffers.take(this.#call.signal);
      const room = limits.blockBytes - this.#filled;
      const part = bytes.subarray(done, done + room);
      this.#buffer.set(part, blockContentAt + this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (this.#filled === limits.blockBytes) await this.#send(this.#buffer);
    }
  }

  /** Sends what is left. */
  async end(): Promise<void> {
    if (this.#buffer !== undefined && this.#filled > 0) await this.#send(this.#buffer);
  }

  /** Gives back what is held. Idempotent. */
  close(): void {
    if (this.#buffer !== undefined) this.#buffers.give(this.#buffer);
    this.#buffer = undefined;
  }

  async #send(buffer: Buffer): Promise<void> {
    const { signal } = this.#call;
    if (signal.aborted) throw asFerryError(signal.reason, () => new FerryError(Code.CANCELLED, 'cancelled'));
    const length = this.#filled;
    const digest = blockDigest(buffer.subarray(blockContentAt, blockContentAt + length));
    const header = { handle: 0, index: this.#blocks, length, digest };
    // From here on the buffer is the link's.
    this.#buffer = undefined;
    this.#filled = 0;
    this.#blocks += 1;
    this.#size += length;
    if (!this.#call.block(buffer, header, () => this.#buffers.give(buffer))) await this.#call.ready();
  }
}
