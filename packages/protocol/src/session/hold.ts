/** A time in which a connection rests, since it was ahead of its pace. Called by server-channel.ts; I/O threads. */

import { Code, FerryError } from '../errors.ts';

export class Hold {
  readonly #pause: () => void;
  readonly #resume: () => void;
  readonly #waiting = new Set<() => void>();
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** At least so much longer from now, milliseconds; 0 changes nothing. */
  extend(ms: number): void {
    if (ms <= 0) return;
    const untilMs = performance.now() + ms;
    if (this.#timer === undefined) this.#pause();
    else if (untilMs <= this.#untilMs) return;
    clearTimeout(this.#timer);
    this.#untilMs = untilMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake();
      this.#resume();
    }, ms);
  }

  /** Resolves when it is over, also by `end`. @throws {FerryError} CANCELLED */
  async over(signal: AbortSignal): Promise<void> {
    while (this.isOn) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
        if (signal.aborted) wake();
      });
      if (signal.aborted) throw new FerryError(Code.CANCELLED, 'cancelled');
    }
  }

  /** The connection has ended. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
