/**
 * What a paused transfer waits at before its next block. What is under way comes to rest; nothing is given up. I/O thread.
 */

import { Code, FerryError } from '@ferry/protocol';

export class Gate {
  #shut = false;
  readonly #waiting = new Set<() => void>();

  get isShut(): boolean {
    return this.#shut;
  }

  shut(): void {
    this.#shut = true;
  }

  open(): void {
    this.#shut = false;
    for (const pass of [...this.#waiting]) pass();
  }

  /** Resolves when the gate is open. @throws {FerryError} CANCELLED */
  pass(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new FerryError(Code.CANCELLED, 'cancelled'));
    if (!this.#shut) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(new FerryError(Code.CANCELLED, 'cancelled'));
        else resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }
}
