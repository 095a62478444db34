/**
 * What a server counts while it works: messages by verb and result, how long each took, bytes, waits. Each worker adds to a slice of
 * memory of its own that the main thread can read: one addition and no message, a few nanoseconds. The memory outlives a worker, so a
 * counter never goes back. Worker threads add; the main thread reads.
 */

import { Code, type FerryError } from '@ferry/protocol';
import type { ChannelMeter } from '@ferry/protocol/session';
import { Kind, kindName } from '@ferry/protocol/wire';

/** Results of a message: few and fixed, as each is a time series of its own for whoever collects them. */
export const results = ['ok', 'refused', 'cancelled', 'failed', 'broken'] as const;
/**
 * `refused`: the account may not. `cancelled`: the client gave up or went away. `failed`: an ordinary no, such as a file that is not
 * there. `broken`: something the owner should look at, such as a full disk.
 */
export type Result = (typeof results)[number];

/** Upper ends of the classes of durations, seconds; what takes longer than the last is in a class of its own. */
export const durationBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10] as const;

/** Of each verb. The last, `other`, is for kinds that this build does not know, so that a peer makes no series. */
export const verbs: readonly string[] = [...Object.values(Kind).map(kindName), 'other'];

const verbOfKind = new Uint8Array(256).fill(verbs.length - 1);
Object.values(Kind).forEach((kind, i) => {
  verbOfKind[kind] = i;
});

const classes = durationBounds.length + 1;
/** Of one verb: counts by result, by duration, then these. */
const receivedAt = results.length + classes;
const sentAt = receivedAt + 1;
const secondsAt = sentAt + 1;
const verbSize = secondsAt + 1;
/** Behind all verbs: waits that a rate made, and their milliseconds. */
const waitsAt = verbs.length * verbSize;
const waitedAt = waitsAt + 1;
const sliceSize = waitedAt + 1;

export function newMeterMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * sliceSize * Float64Array.BYTES_PER_ELEMENT);
}

const refused: ReadonlySet<Code> = new Set([
  Code.AUTH_FAILED,
  Code.AUTH_REQUIRED,
  Code.AUTH_THROTTLED,
  Code.TICKET_INVALID,
  Code.TICKET_EXPIRED,
  Code.REVOKED,
  Code.KICKED,
  Code.FORBIDDEN,
  Code.READ_ONLY,
  Code.QUOTA,
  Code.LIMIT,
]);
const cancelled: ReadonlySet<Code> = new Set([Code.CANCELLED, Code.CONNECTION_LOST]);
/** What an owner should hear of. */
export const brokenCodes: ReadonlySet<Code> = new Set([
  Code.INTERNAL,
  Code.IO_ERROR,
  Code.NO_SPACE,
  Code.CONFIG,
]);

/** Pure. */
export function resultOf(error: FerryError | undefined): Result {
  if (error === undefined) return 'ok';
  const { code } = error;
  if (refused.has(code)) return 'refused';
  if (cancelled.has(code)) return 'cancelled';
  return brokenCodes.has(code) ? 'broken' : 'failed';
}

/** One worker's. */
export class Meters implements ChannelMeter {
  readonly #slice: Float64Array;

  /**
   * @param memory as newMeterMemory made it, the same for all threads
   * @param worker from 1, up to the number that the memory was made for
   */
  constructor(memory: SharedArrayBuffer, worker: number) {
    const from = (worker - 1) * sliceSize * Float64Array.BYTES_PER_ELEMENT;
    this.#slice = new Float64Array(memory, from, sliceSize);
  }

  received(kind: number, bytes: number): void {
    this.#add(rowOf(kind) + receivedAt, bytes);
  }

  sent(kind: number, bytes: number): void {
    this.#add(rowOf(kind) + sentAt, bytes);
  }

  served(kind: number, ms: number, error: FerryError | undefined): void {
    const row = rowOf(kind);
    this.#add(row + results.indexOf(resultOf(error)), 1);
    this.#add(row + results.length + classOf(ms / 1000), 1);
    this.#add(row + secondsAt, ms / 1000);
  }

  /** A connection has to wait because it, or its account, has a rate. */
  waited(ms: number): void {
    this.#add(waitsAt, 1);
    this.#add(waitedAt, ms);
  }

  #add(at: number, amount: number): void {
    this.#slice[at] = (this.#slice[at] ?? 0) + amount;
  }
}

export type VerbFigures = {
  readonly verb: string;
  readonly results: Readonly<Record<Result, number>>;
  /** Messages in each class of durations, by durationBounds and one more; not summed up. */
  readonly durations: readonly number[];
  readonly seconds: number;
  /** Bytes of messages, without frames and encryption. */
  readonly received: number;
  readonly sent: number;
};

export type Figures = {
  /** Verbs that were used at least once. */
  readonly verbs: readonly VerbFigures[];
  readonly received: number;
  readonly sent: number;
  readonly waits: number;
  readonly waitedMs: number;
};

/** What all workers have counted since the start. Main thread. */
export function figuresIn(memory: SharedArrayBuffer): Figures {
  const all = new Float64Array(memory);
  const sum = new Float64Array(sliceSize);
  for (let i = 0; i < all.length; i++) {
    const at = i % sliceSize;
    sum[at] = (sum[at] ?? 0) + (all[i] ?? 0);
  }
  const told = verbs
    .map((verb, i) => verbFigures(verb, sum.subarray(i * verbSize, (i + 1) * verbSize)))
    .filter(({ durations, received }) => received > 0 || durations.some((count) => count > 0));
  return {
    verbs: told,
    received: told.reduce((total, one) => total + one.received, 0),
    sent: told.reduce((total, one) => total + one.sent, 0),
    waits: sum[waitsAt] ?? 0,
    waitedMs: sum[waitedAt] ?? 0,
  };
}

function verbFigures(verb: string, row: Float64Array): VerbFigures {
  const at = (i: number): number => row[i] ?? 0;
  return {
    verb,
    results: { ok: at(0), refused: at(1), cancelled: at(2), failed: at(3), broken: at(4) },
    durations: [...row.subarray(results.length, receivedAt)],
    seconds: at(secondsAt),
    received: at(receivedAt),
    sent: at(sentAt),
  };
}

function rowOf(kind: number): number {
  return (verbOfKind[kind] ?? verbs.length - 1) * verbSize;
}

function classOf(seconds: number): number {
  let index = 0;
  while (index < durationBounds.length && seconds > (durationBounds[index] ?? 0)) index += 1;
  return index;
}
