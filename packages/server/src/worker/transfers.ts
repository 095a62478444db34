/**
 * Which files this worker is moving, and what long work is under way: what a server that is going down waits for, and what its owner
 * sees. Lanes and sessions report, the worker asks. Worker threads.
 */

import { Code, FerryError, type Shown, trusted } from '@ferry/protocol';

/** A client that has asked for nothing of an unfinished file for this long is not counted as reading it, milliseconds. */
const quietMs = 1000;
/** More are not told of at once: nobody looks through them all, and the answer stays short. */
const mostTold = 128;

/** What moves, for the owner. */
export type About = {
  /** The session that it is for; hex. */
  readonly sessionId: string;
  readonly verb: 'download' | 'upload' | MovingWork;
  readonly path: Shown;
  /** Small files that move together; `path` is their folder then. */
  readonly files?: number;
  /** Bytes in all; undefined: not known beforehand. */
  readonly size?: number;
  /** Asked now and then, of what counts by itself. */
  readonly done?: () => number;
};
export type MovingWork =
  | 'archive'
  | 'copy'
  | 'move'
  | 'remove'
  | 'trash'
  | 'unpack'
  | 'sum'
  | 'usage'
  | 'find';

/** As told to the owner. */
export type Moving = Omit<About, 'done'> & {
  /** Bytes so far, on this lane. */
  readonly done: number;
  /** Milliseconds that it has taken so far. */
  readonly ms: number;
  /** Milliseconds since anything of it moved. */
  readonly quietMs: number;
};

/** One file on its way; `over` is called once. */
export type Transfer = {
  /** It lives; so many bytes of it have moved. */
  touch(bytes?: number): void;
  over(): void;
};

type Entry = {
  readonly about: About;
  readonly beganMs: number;
  readonly isUpload: boolean;
  touchedMs: number;
  bytes: number;
};

/** Of what nobody asks about. */
const nameless: About = { sessionId: '', verb: 'download', path: trusted('/') };

export class Transfers {
  readonly #open = new Set<Entry>();
  #goingDown = false;

  /** @throws {FerryError} SHUTTING_DOWN */
  checkWelcome(): void {
    if (this.#goingDown)
      throw new FerryError(Code.SHUTTING_DOWN, 'the server is going down: try again later');
  }

  /** @param isUpload it is waited for however long nothing comes */
  begin(isUpload: boolean, about: About = nameless): Transfer {
    const nowMs = performance.now();
    const entry: Entry = { about, beganMs: nowMs, touchedMs: nowMs, isUpload, bytes: 0 };
    this.#open.add(entry);
    return {
      touch: (bytes = 0) => {
        entry.touchedMs = performance.now();
        entry.bytes += bytes;
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

  /** What moves now, for the owner. */
  moving(nowMs: number): readonly Moving[] {
    const told: Moving[] = [];
    for (const { about, beganMs, touchedMs, bytes } of this.#open) {
      if (about === nameless) continue;
      if (told.length === mostTold) break;
      const { done, ...rest } = about;
      told.push({ ...rest, done: done?.() ?? bytes, ms: nowMs - beganMs, quietMs: nowMs - touchedMs });
    }
    return told;
  }
}
