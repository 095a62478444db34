/**
 * What a lost lane or a short refusal means for what is under way. I/O thread.
 */

import { asFerryError, Code, type FerryError } from '@ferry/protocol';

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

export function isOfTheLine(error: FerryError): boolean {
  return ofTheLine.has(error.code);
}

/** Does it again while only the line is at fault; for steps that may be done twice. @throws what `step` throws in the end */
export async function overAnyLine<T>(step: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await step();
    } catch (thrown) {
      failures += 1;
      if (!isOfTheLine(asFerryError(thrown)) || failures > patience) throw thrown;
    }
  }
}
