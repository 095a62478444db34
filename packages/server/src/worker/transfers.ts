/**
 * Which files this worker is moving: what a server that is going down waits for. Lanes report, the worker asks. Worker threads.
 */

import { Code, FerryError } from '@ferry/protocol';

/** A client that has asked for nothing of an unfinished file for this long is not counted as reading it, milliseconds. */
const quietMs = 1000;

/** One file on its way; `over` is called once. */
export type Transfer = { touch(): void; over(): void };

export class Transfers {
  readonly #open = new Set<{ touchedMs: number; isUpload: boolean }>();
  #goingDown = false;

  /** @throws {FerryError} SHUTTING_DOWN */
  checkWelcome(): void {
    if (this.#goingDown)
      throw new FerryError(Code.SHUTTING_DOWN, 'the server is going down: try again later');
  }

  begin(isUpload: boolean): Transfer {
    const entry = { touchedMs: performance.now(), isUpload };
    this.#open.add(entry);
    return {
      touch: () => {
        entry.touchedMs = performance.now();
      },
      over: () => {
        this.#open.delete(entry);
      },
    };
  }

  goDown(): void {
    this.#goingDown = true;
  }

  isIdle(nowMs: number): boolean {
    for (const { touchedMs, isUpload } of this.#open) {
      if (isUpload || nowMs - touchedMs < quietMs) return false;
    }
    return true;
  }
}
