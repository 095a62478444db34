/** What it counts as that a stranger's connection ended. Pure; called by connection.ts on worker threads. */

import { Code, type FerryError } from '@ferry/protocol';
import type { Offence } from '../access/throttle.ts';

const senseless: ReadonlySet<Code> = new Set([
  Code.MALFORMED,
  Code.FRAME_TOO_LARGE,
  Code.UNKNOWN_MESSAGE,
  Code.BAD_STATE,
  Code.TICKET_INVALID,
]);

/** `wrong`: what a login that was not right counts as. undefined: nothing. */
export function offenceOf(error: FerryError | undefined, wrong: Offence): Offence | undefined {
  if (error === undefined || error.code === Code.CONNECTION_LOST) return 'left';
  if (error.code === Code.AUTH_FAILED) return wrong;
  if (error.code === Code.TIMEOUT) return 'slow';
  return senseless.has(error.code) ? 'malformed' : undefined;
}
