/**
 * What long work on a thread has in common: it goes on in short slices between which everybody else has a turn, counts what it
 * has done, keeps what failed until somebody is told, and stops within a slice of being told to. Called on I/O threads.
 */

import { asFerryError, Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { asDiskError } from './errno.ts';

/** Something in a tree that could not be done; the rest goes on. `path` is below what the work was asked about. */
export type WorkFailure = { readonly path: Path; readonly error: FerryError };

export type WorkOpts = {
  readonly signal?: AbortSignal | undefined;
  /** Called a few times a second, and when many failures wait to be told; the work waits for what it returns. */
  readonly onProgress?: (work: Work) => void | Promise<void>;
};

/** How long one piece of work keeps the thread, milliseconds. */
const sliceMs = 3;
const progressMs = 250;
const mostUntold = 50;

/** After these there is no point in trying the next entry. */
const fatal: ReadonlySet<Code> = new Set([
  Code.NO_SPACE,
  Code.QUOTA,
  Code.IO_ERROR,
  Code.READ_ONLY,
  Code.CANCELLED,
  Code.CONNECTION_LOST,
  Code.SHUTTING_DOWN,
]);

export class Work {
  /** All that is no folder. */
  files = 0;
  folders = 0;
  /** Content bytes. */
  bytes = 0;
  /** Bytes on the disk, where that is asked for. */
  allocated = 0;
  /** Names that were taken and left alone. */
  skipped = 0;
  failed = 0;
  readonly #opts: WorkOpts;
  #guards: (() => void)[] = [];
  #sees: ((path: Path) => boolean) | undefined;
  #stopped: { readonly error: unknown } | undefined;
  #untold: WorkFailure[] = [];
  #sliceSince = performance.now();
  #toldMs = performance.now();
  #buffer: Buffer | undefined;

  constructor(opts: WorkOpts = {}) {
    this.#opts = opts;
    this.check();
  }

  /**
   * Between two steps: undefined to go on at once, else a promise to wait for.
   * @throws {FerryError} CANCELLED, or what the signal was aborted with; through the promise
   */
  turn(): Promise<void> | undefined {
    if (performance.now() - this.#sliceSince < sliceMs && this.#untold.length < mostUntold) return undefined;
    return this.#rest();
  }

  /** `check` is asked between slices and before anything gets its name; what it throws ends the work. */
  guard(check: () => void): void {
    this.#guards.push(check);
  }

  /** Walks leave out what `sees` says no to; of paths from the root of the storage. */
  limitTo(sees: (path: Path) => boolean): void {
    this.#sees = sees;
  }

  sees(path: Path): boolean {
    return this.#sees?.(path) ?? true;
  }

  /** False where nothing is left out: then nobody needs to make paths to ask {@link sees}. */
  get isLimited(): boolean {
    return this.#sees !== undefined;
  }

  get isCancelled(): boolean {
    return this.#opts.signal?.aborted === true;
  }

  /** @throws {FerryError} as {@link turn} */
  check(): void {
    const { signal } = this.#opts;
    if (signal?.aborted !== true) {
      this.#ask();
      return;
    }
    throw asFerryError(signal.reason, (cause) => new FerryError(Code.CANCELLED, 'cancelled', { cause }));
  }

  /** One entry could not be done. @throws what makes it pointless to go on */
  fail(path: Path, thrown: unknown): void {
    if (this.#stopped !== undefined) throw this.#stopped.error;
    const error = asDiskError(thrown);
    if (fatal.has(error.code)) throw error;
    this.failed += 1;
    this.#untold.push({ path, error });
  }

  /** What failed since the last call. */
  takeFailures(): readonly WorkFailure[] {
    return this.#untold.splice(0);
  }

  /** Room for one block, this work's own. */
  get buffer(): Buffer {
    this.#buffer ??= Buffer.allocUnsafe(limits.blockBytes);
    return this.#buffer;
  }

  #ask(): void {
    try {
      for (const guard of this.#guards) guard();
    } catch (error) {
      this.#stopped = { error };
      throw error;
    }
  }

  async #rest(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs >= progressMs || this.#untold.length >= mostUntold) {
      this.#toldMs = nowMs;
      await this.#opts.onProgress?.(this);
    }
    await nextSlice();
    this.check();
    this.#sliceSince = performance.now();
  }
}

const waiting: (() => void)[] = [];

/** One slice per turn of the event loop, however many works there are: others wait for one of them, not for all. */
function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(serveNext);
  });
}

function serveNext(): void {
  const [next] = waiting;
  next?.();
  // Taken off only now, so that nobody who comes in between starts a second round.
  waiting.shift();
  if (waiting.length > 0) setImmediate(serveNext);
}
