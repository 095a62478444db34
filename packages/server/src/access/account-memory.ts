/**
 * Numbers about accounts that all threads of a server count together: when the next byte may move, and how much is held. Made by
 * the main thread, so that it outlives every worker; used on worker threads, each number by atomic steps.
 */

/** Accounts with bounds that one server can tell apart. */
const slots = 4096;
/** In `counted`. */
export const isCounted = 2;

export class AccountMemory {
  /** Whose slot it is: 0 nobody's. */
  readonly #owner: Int32Array;
  /** Of each slot: nanoseconds of the system's clock up to which its allowance is used, down and up. */
  readonly paid: BigInt64Array;
  /** Of each slot: bytes and entries that are there or promised. */
  readonly held: BigInt64Array;
  /** Of each slot: 0 not counted yet, 1 being written, 2 counted. */
  readonly counted: Int32Array;
  /** Of each slot, for this worker alone: what of `held` is promised and not there yet. */
  readonly promised: BigInt64Array;
  readonly #promisedByAll: readonly BigInt64Array[];

  /**
   * @param memory as newAccountMemory made it, the same for all threads
   * @param worker from 1, up to the number that the memory was made for
   */
  constructor(memory: SharedArrayBuffer, worker: number) {
    const pair = slots * 2;
    this.paid = new BigInt64Array(memory, 0, pair);
    this.held = new BigInt64Array(memory, 8 * pair, pair);
    this.#owner = new Int32Array(memory, 16 * pair, slots);
    this.counted = new Int32Array(memory, 16 * pair + 4 * slots, slots);
    const first = 16 * pair + 8 * slots;
    this.#promisedByAll = Array.from(
      { length: (memory.byteLength - first) / (8 * pair) },
      (_, i) => new BigInt64Array(memory, first + i * 8 * pair, pair),
    );
    const own = this.#promisedByAll[worker - 1];
    if (own === undefined) throw new Error('there are fewer workers than that');
    this.promised = own;
    this.#forgetPromises();
  }

  /** The account's slot, the same on all threads; undefined when all are taken. */
  slotOf(account: number): number | undefined {
    for (let i = 0; i < slots; i++) {
      const slot = (account + i) % slots;
      const before = Atomics.compareExchange(this.#owner, slot, 0, account);
      if (before === 0 || before === account) return slot;
    }
    return undefined;
  }

  /** What all workers have promised, at a place as in `held`. */
  promisedByAll(at: number): bigint {
    return this.#promisedByAll.reduce((sum, promised) => sum + Atomics.load(promised, at), 0n);
  }

  /** What a worker that died had promised nobody will keep. */
  #forgetPromises(): void {
    this.promised.forEach((promise, i) => {
      if (promise === 0n) return;
      Atomics.sub(this.held, i, promise);
      this.promised[i] = 0n;
    });
  }
}

export function newAccountMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * (16 + 16 + 8 + workers * 16));
}

/** What accounts that were counted hold by now. Main thread. */
export function heldIn(
  memory: SharedArrayBuffer,
): readonly { readonly account: number; readonly bytes: number; readonly files: number }[] {
  const pair = slots * 2;
  const held = new BigInt64Array(memory, 8 * pair, pair);
  const owner = new Int32Array(memory, 16 * pair, slots);
  const counted = new Int32Array(memory, 16 * pair + 4 * slots, slots);
  return Array.from({ length: slots }, (_, slot) => ({
    account: Atomics.load(counted, slot) === isCounted ? Atomics.load(owner, slot) : 0,
    bytes: Math.max(0, Number(Atomics.load(held, slot * 2))),
    files: Math.max(0, Number(Atomics.load(held, slot * 2 + 1))),
  })).filter(({ account }) => account !== 0);
}
