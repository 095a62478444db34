/**
 * Which tickets have been used, for all threads of a server at once: a number for each ticket and a bit for each number, in
 * memory that the threads share. Made by the main thread, so that it outlives every worker; used on worker threads.
 */

/** Tickets that are told apart; older ones count as used. Far more than a server gives out while one is good. */
const remembered = 2 ** 19;
/** Twice as many, so that the bit of a new ticket is never one that is still looked at. */
const bits = 2 * remembered;

export function newTicketMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 + bits / 8);
}

export class TicketLedger {
  /** The next number. */
  readonly #next: Int32Array;
  /** One bit for each number, modulo `bits`: set when it is used. */
  readonly #spent: Int32Array;

  /** @param memory as newTicketMemory made it, the same for all threads */
  constructor(memory: SharedArrayBuffer) {
    this.#next = new Int32Array(memory, 0, 1);
    this.#spent = new Int32Array(memory, 4);
  }

  /** A number that no other ticket of this server has; they begin again after 2^32. */
  issue(): number {
    const serial = Atomics.add(this.#next, 0, 1) >>> 0;
    const { word, mask } = placeOf(serial);
    Atomics.and(this.#spent, word, ~mask);
    return serial;
  }

  /** True once for each number that was issued; then, and for those issued long ago, false. */
  spend(serial: number): boolean {
    const age = (Atomics.load(this.#next, 0) - 1 - serial) >>> 0;
    if (age >= remembered) return false;
    const { word, mask } = placeOf(serial);
    return (Atomics.or(this.#spent, word, mask) & mask) === 0;
  }
}

function placeOf(serial: number): { word: number; mask: number } {
  const bit = serial % bits;
  return { word: bit >>> 5, mask: 1 << (bit & 31) };
}
