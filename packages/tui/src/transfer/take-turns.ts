/** A long piece of synchronous work, step by step, with turns of the event loop in between. I/O thread. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';

/** How long others wait for a turn, milliseconds. */
const turnMs = 4;

/** @throws {FerryError} CANCELLED, between two steps; what `steps` or `each` throw */
export async function takeTurns<T>(
  steps: Iterable<T>,
  signal: AbortSignal,
  each: (step: T) => void,
): Promise<void> {
  let sinceMs = performance.now();
  for (const step of steps) {
    each(step);
    if (performance.now() - sinceMs < turnMs) continue;
    await nextTurn();
    if (signal.aborted) throw new FerryError(Code.CANCELLED, 'cancelled');
    sinceMs = performance.now();
  }
}
