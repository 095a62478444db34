/**
 * What a paused transfer waits at before its next block. What is under way may come to rest for a moment; what a slow line
 * has not brought by then is given up, so that nothing moves while a job is paused. I/O thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import { nodeTimer, type Timer } from './pace.ts';

/** How long what is under way may go on after a gate was shut, milliseconds. */
export const hushMs = 700;

export class Gate {
  readonly #timer: Timer;
  #shut = false;
  #late = new AbortController();
  #cancelTimer: (() => void) | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(timer: Timer = nodeTimer) {
    this.#timer = timer;
  }

  get isShut(): boolean {
    return this.#shut;
  }

  /**
   * Aborted when the gate has been shut for {@link hushMs}: what is still on its way is to be given up, and gone on with when
   * the gate opens. Another one after that, so that who begins something keeps the one of its time.
   */
  get late(): AbortSignal {
    return this.#late.signal;
  }

  shut(): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#cancelTimer = this.#timer(() => this.#late.abort(cancelled()), hushMs);
  }

  open(): void {
    this.#cancelTimer?.();
    this.#shut = false;
    if (this.#late.signal.aborted) this.#late = new AbortController();
    for (const pass of [...this.#waiting]) pass();
  }

  /** Resolves when the gate is open. @throws {FerryError} CANCELLED */
  pass(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (!this.#shut) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(cancelled());
        else resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }
}

function cancelled(): FerryError {
  return new FerryError(Code.CANCELLED, 'cancelled');
}
