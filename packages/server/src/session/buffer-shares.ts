/**
 * Who holds how many of a thread's block buffers. A buffer that waits for a slow reader's link is lost to all others until that link
 * takes it or is ended for stalling; so nobody, with all of their lanes together, holds more than a quarter of a thread's.
 * One for each worker thread.
 */

import { Code, FerryError, limits } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';

type Holder = { held: number; readonly waiting: Set<() => void> };

/** The buffers of one person on this thread. */
export interface BufferShare {
  /** A buffer as soon as there is one, and this person may have it. @throws {FerryError} CANCELLED, having taken none */
  take(signal: AbortSignal): Buffer | Promise<Buffer>;
  /** One that was taken here. */
  give(buffer: Buffer): void;
}

export class BufferShares {
  readonly #pool: BlockPool;
  readonly #most: number;
  readonly #holders = new Map<string, Holder>();

  constructor(pool: BlockPool, most: number = limits.workerBlockBuffers / 4) {
    this.#pool = pool;
    this.#most = most;
  }

  /** @param who an account, or where somebody without one comes from */
  of(who: string): BufferShare {
    return {
      take: (signal) => this.#takeNow(who) ?? this.#takeLater(who, signal),
      give: (buffer) => this.#give(who, buffer),
    };
  }

  #takeNow(who: string): Buffer | undefined {
    const holder = this.#holders.get(who);
    if (holder !== undefined && holder.held >= this.#most) return undefined;
    const buffer = this.#pool.take();
    if (buffer === undefined) return undefined;
    if (holder === undefined) this.#holders.set(who, { held: 1, waiting: new Set() });
    else holder.held += 1;
    return buffer;
  }

  async #takeLater(who: string, signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      await this.#mayTake(who, signal);
      const buffer = this.#takeNow(who);
      if (buffer !== undefined) return buffer;
    }
  }

  /** Until there may be one: of one's own share, else of all. */
  #mayTake(who: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const holder = this.#holders.get(who);
      const isFull = holder !== undefined && holder.held >= this.#most;
      const wake = (): void => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      if (isFull) holder.waiting.add(wake);
      const stopWaiting = isFull ? () => holder.waiting.delete(wake) : this.#pool.onFree(wake);
      const cancel = (): void => {
        stopWaiting();
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
      };
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }

  #give(who: string, buffer: Buffer): void {
    const holder = this.#holders.get(who);
    if (holder !== undefined) {
      holder.held -= 1;
      const [next] = holder.waiting;
      if (next !== undefined) {
        holder.waiting.delete(next);
        next();
      } else if (holder.held === 0) this.#holders.delete(who);
    }
    this.#pool.give(buffer);
  }
}
