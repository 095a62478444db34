/**
 * What a lost lane or a short refusal means for a file under way. Pure.
 */

import type { FerryError } from '@ferry/protocol';
import { Code } from '@ferry/protocol';

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
