/**
 * The limits of all jobs together, up and down, as the settings and their timetable say. Held by mover.ts; I/O thread.
 */

import { FerryError } from '@ferry/protocol';
import type { QueueSettings } from '../queue/stored-job.ts';
import { Limiter } from '../transfer/pace.ts';
import { nextChangeMs, parseTimetable, rateAt, type Timetable } from '../transfer/timetable.ts';
import type { Direction } from './job.ts';

/** A timer holds no longer than this, milliseconds; who waits longer looks again. */
const longestMs = 3_600_000;

export class Bandwidth {
  readonly #limiters: Readonly<Record<Direction, Limiter>> = {
    upload: new Limiter(undefined),
    download: new Limiter(undefined),
  };
  #timer: NodeJS.Timeout | undefined;

  of(direction: Direction): Limiter {
    return this.#limiters[direction];
  }

  /** Acts at once, also for those who wait; and again whenever the timetable says something else. */
  follow(settings: Pick<QueueSettings, 'limitUp' | 'limitDown' | 'timetable'>): void {
    clearTimeout(this.#timer);
    const timetable = timetableOf(settings.timetable);
    const now = new Date();
    const byTime = timetable === undefined ? undefined : rateAt(timetable, now);
    this.#limiters.upload.setRate(lower(settings.limitUp, byTime));
    this.#limiters.download.setRate(lower(settings.limitDown, byTime));
    const changeMs = timetable === undefined ? undefined : nextChangeMs(timetable, now);
    if (changeMs === undefined) return;
    this.#timer = setTimeout(() => this.follow(settings), Math.min(changeMs + 1, longestMs));
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** One that cannot be read limits nothing; who wrote it was told. */
function timetableOf(text: string): Timetable | undefined {
  if (text === '') return undefined;
  try {
    return parseTimetable(text);
  } catch (error) {
    if (error instanceof FerryError) return undefined;
    throw error;
  }
}
