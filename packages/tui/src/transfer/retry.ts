/**
 * What a lost lane or a short refusal means for what is under way. I/O thread.
 */

import { setTimeout as rest } from 'node:timers/promises';
import { asFerryError, Code, FerryError } from '@ferry/protocol';

/** Failures in a row without one block of progress until the file counts as failed. */
export const patience = 5;

/** The lane or the server went away, not the file: another lane may carry it on. */
const ofTheLine: ReadonlySet<Code> = new Set([
  Code.CONNECTION_LOST,
  Code.CONNECT_FAILED,
  Code.TIMEOUT,
  Code.WORKER_LOST,
  Code.SHUTTING_DOWN,
  Code.TICKET_EXPIRED,
  Code.BUSY,
  Code.LIMIT,
]);

/** Not of the line, but the user can mend it, and what was sent is good. */
const mendable: ReadonlySet<Code> = new Set([Code.NO_SPACE, Code.EXISTS, Code.CONFLICT, Code.FORBIDDEN]);

/**
 * Whether a partial file is kept after a failure, to be gone on with: not when it is of no use, and not when the user gave
 * the transfer up. A signal that is aborted with SHUTTING_DOWN means that the program ends, not that the user gave up.
 */
export function isWorthKeeping(error: FerryError, signal: AbortSignal): boolean {
  if (!signal.aborted) return isOfTheLine(error) || mendable.has(error.code);
  const reason: unknown = signal.reason;
  return reason instanceof FerryError && reason.code === Code.SHUTTING_DOWN;
}

/** A live line on which nothing comes for this long is a stall: another lane is tried. Milliseconds. */
export const stallMs = 15_000;

export function isOfTheLine(error: FerryError): boolean {
  return ofTheLine.has(error.code);
}

/**
 * How long to rest before the next attempt, milliseconds: not at all after the first failure (another lane is there at once),
 * then longer each time up to five seconds; never less than the server asked for. Pure.
 */
export function restMs(failures: number, retryAfterMs: number | undefined): number {
  const own = failures <= 1 ? 0 : Math.min(5000, 100 * 2 ** failures);
  return Math.max(own, retryAfterMs ?? 0);
}

/** Rests as {@link restMs} says. @throws {FerryError} CANCELLED, through asFerryError */
export async function restBefore(failures: number, error: FerryError, signal: AbortSignal): Promise<void> {
  const ms = restMs(failures, error.retryAfterMs);
  if (ms > 0) await rest(ms, undefined, { signal });
}

/** Does it again while only the line is at fault; for steps that may be done twice. @throws what `step` throws in the end */
export async function overAnyLine<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await step();
    } catch (thrown) {
      const error = asFerryError(thrown);
      failures += 1;
      if (!isOfTheLine(error) || failures > patience) throw thrown;
      await restBefore(failures, error, signal);
    }
  }
}
