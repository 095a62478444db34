/**
 * Keeps one file of this machine like those of the other servers: does what their log says, in its order, and adds to it what is to be
 * changed here. What came of a change is what came of doing it, when its turn had come; so of two servers that spend the same invite one
 * gets it, by order alone. Used by replica-thread.ts and by the owner's commands.
 *
 * It never gives up: without the bus the file stays as it is, changes are refused, and it tries again.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';
import {
  encodeEntry,
  entryIdBytes,
  fromBase,
  newCluster,
  type Progress,
  type ReplicaFile,
  readEntry,
} from './replica-file.ts';
import { type LogFacts, mostBaseBytes, mostEntryBytes, type SharedLog } from './shared-log.ts';

const defaultLookMs = 1000;
const defaultAgainMs = 250;
/** Entries that are read and done at once. */
const atOnce = 64;
/** How long a change may take, milliseconds: NATS chooses another leader in 5 s. */
const changeMs = 8000;
/** How long it may take until it is one of them, milliseconds. */
const startMs = 15_000;
/** Who has been in trouble for longer than this refuses changes at once, milliseconds. */
const patienceMs = 3000;
/** Changes of this server that are under way, at most. */
const mostWaiting = 256;
const defaultBaseEvery = 1000;
/** Of the entries that a base stands for so many stay, for those who were away for a moment. */
const kept = 200;

export type ReplicaOpts = {
  readonly log: SharedLog;
  /** Milliseconds of any clock that only goes forward. */
  readonly now?: () => number;
  /** All that was agreed on at that time, by `now`, is done. */
  readonly onFresh?: (ms: number) => void;
  /** It is in trouble, in words; undefined: not any more. */
  readonly onTrouble?: (why: string | undefined) => void;
  /** A new base is made after so many entries. */
  readonly baseEvery?: number;
  /** It looks at the log so often where nothing rings, milliseconds. */
  readonly lookMs?: number;
  /** Until it tries again what went wrong, milliseconds. */
  readonly againMs?: number;
};

type Waiting = { readonly resolve: (answer: Buffer) => void; readonly reject: (why: FerryError) => void };

export class Replica<File> {
  readonly #file: ReplicaFile<File>;
  readonly #log: SharedLog;
  readonly #now: () => number;
  readonly #opts: ReplicaOpts;
  readonly #waiting = new Map<string, Waiting>();
  readonly #stop = new AbortController();
  readonly #leaveNews: () => void;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #isRung = false;
  /** Since when nothing is known of the others. */
  #troubleMs: number | undefined;
  #trouble: string | undefined;
  #baseSeq: number | undefined;
  #isBaseDue = false;

  constructor(file: ReplicaFile<File>, opts: ReplicaOpts) {
    this.#file = file;
    this.#log = opts.log;
    this.#opts = opts;
    this.#now = opts.now ?? (() => performance.now());
    this.#leaveNews = opts.log.onNews(() => this.#ring());
  }

  /**
   * Resolves when the file is as the others' are, and goes on following them. A log that nobody has begun begins with what is in the
   * file.
   * @throws {FerryError} BUSY, after some seconds; CONFIG: the file is not one of theirs; VERSION
   */
  async start(): Promise<void> {
    const untilMs = performance.now() + startMs;
    for (;;) {
      try {
        await this.#join();
        await this.#catchUp();
        break;
      } catch (error) {
        const isBusy = error instanceof FerryError && error.code === Code.BUSY;
        if (!isBusy || performance.now() > untilMs || this.#stop.signal.aborted) throw error;
        await this.#pause();
      }
    }
    this.#running = this.#follow();
  }

  /**
   * Resolves with the answer, when it is done here.
   * @throws {FerryError} why it was refused; BUSY: there is no bus, or it says nothing: then it may still come
   */
  async change(order: Buffer): Promise<Buffer> {
    const isStuck = this.#troubleMs !== undefined && this.#now() - this.#troubleMs > patienceMs;
    if (this.#stop.signal.aborted || isStuck) throw busy();
    if (this.#waiting.size >= mostWaiting) {
      throw new FerryError(Code.BUSY, 'too much is being changed at once: try again', { retryAfterMs: 1000 });
    }
    const id = randomBytes(entryIdBytes);
    const body = encodeEntry(id, order);
    if (body.length > mostEntryBytes) throw new FerryError(Code.LIMIT, 'that is too much at once');
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const key = id.toString('hex');
    this.#waiting.set(key, { resolve, reject });
    const timer = setTimeout(() => reject(busy()), changeMs);
    void this.#append(id, body, key);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
  }

  /** Those who wait hear BUSY. Idempotent. */
  async close(): Promise<void> {
    this.#leaveNews();
    this.#stop.abort();
    this.#ring();
    for (const { reject } of this.#waiting.values()) reject(busy());
    await this.#running;
  }

  /** Until somebody knows that it is there, or nobody waits for it any more. */
  async #append(id: Buffer, body: Buffer, key: string): Promise<void> {
    while (this.#waiting.has(key) && !this.#stop.signal.aborted) {
      try {
        await this.#log.append(id, body);
        this.#ring();
        return;
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        await this.#pause();
      }
    }
  }

  #ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  async #pause(): Promise<void> {
    await pause(this.#opts.againMs ?? defaultAgainMs, undefined, { signal: this.#stop.signal }).catch(
      () => {},
    );
  }

  /** Until it is rung, or it is time to look. */
  async #rest(): Promise<void> {
    if (this.#isRung) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#opts.lookMs ?? defaultLookMs);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#rest();
      this.#isRung = false;
      try {
        await this.#catchUp();
        if (this.#isBaseDue) await this.#makeBase();
      } catch (error) {
        if (!(error instanceof FerryError)) throw error;
        this.#isIn(error.message);
        await this.#pause();
      }
    }
  }

  #isIn(trouble: string): void {
    this.#troubleMs ??= this.#now();
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#opts.onTrouble?.(trouble);
  }

  #isWell(sinceMs: number): void {
    this.#troubleMs = undefined;
    this.#opts.onFresh?.(sinceMs);
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#opts.onTrouble?.(undefined);
  }

  async #join(): Promise<void> {
    const before = this.#file.progress();
    const found = await this.#log.facts();
    if (found === undefined && before !== undefined && !isBeginning(before)) throw forgotten();
    const facts = found ?? (await this.#beginWithOwn(before?.cluster ?? newCluster()));
    const own = this.#file.progress();
    // Of another's log it goes nowhere, which #catchUp says.
    if (own !== undefined && (own.cluster.equals(facts.cluster) || !isBeginning(own))) return;
    if (!this.#file.isEmpty()) {
      // Another was faster.
      this.#file.leave();
      throw new FerryError(
        Code.CONFIG,
        'this server has accounts of its own, and those on the bus have others: move its file of accounts away to join them',
      );
    }
    this.#file.join(facts.cluster, Buffer.alloc(0));
  }

  /** Its file is what all begin with, unless another was faster. Broken off at any point, the next start goes on with it. */
  async #beginWithOwn(cluster: Buffer): Promise<LogFacts> {
    this.#file.join(cluster, fromBase);
    if (!this.#file.isEmpty()) await this.#log.putBase(cluster, { seq: 0, content: this.#file.copy() });
    await this.#log.begin(cluster);
    const facts = await this.#log.facts();
    if (facts === undefined) throw busy();
    return facts;
  }

  async #catchUp(): Promise<void> {
    const sinceMs = this.#now();
    const facts = await this.#log.facts();
    if (facts === undefined) throw forgotten();
    const { cluster, last } = facts;
    const own = this.#file.progress();
    if (own?.cluster.equals(cluster) !== true) {
      throw new FerryError(
        Code.CONFIG,
        'the bus is that of other servers: name another one, or move the file of accounts away to join these',
      );
    }
    if (!(await this.#follows(facts, own.seq, own.lastId))) {
      await this.#beginAgain(facts, own);
    }
    // What another server of this machine has done is done.
    this.#file.look();
    this.#answer();
    for (let seq = this.#file.progress()?.seq ?? 0; seq < last; ) {
      const entries = await this.#log.read(seq + 1, Math.min(atOnce, last - seq));
      if (entries.length === 0) throw busy();
      this.#file.apply(entries);
      seq = this.#file.progress()?.seq ?? 0;
      this.#answer();
      if (this.#stop.signal.aborted) return;
    }
    this.#isWell(sinceMs);
  }

  /** Whether what comes next in the log is what comes next for the file. */
  async #follows({ cluster, first, last }: LogFacts, seq: number, lastId: Buffer): Promise<boolean> {
    if (seq > last || first > seq + 1) return false;
    if (lastId.length === 0) return (await this.#log.newestBase(cluster)) === undefined;
    if (seq === 0 || first > seq) return true;
    // A bus that lost its last entries in a power cut goes on with others under their numbers.
    const [entry] = await this.#log.read(seq, 1);
    if (entry === undefined) throw busy();
    return readEntry(entry.body).id.equals(lastId);
  }

  async #beginAgain({ cluster, first }: LogFacts, before: Progress): Promise<void> {
    const newest = await this.#log.newestBase(cluster);
    if (newest === undefined && first > 1) throw forgotten();
    const base = newest === undefined ? undefined : await this.#log.readBase(cluster, newest);
    if (newest !== undefined && base === undefined) throw busy();
    const seq = newest ?? 0;
    const [entry] = seq < first ? [] : await this.#log.read(seq, 1);
    const lastId = entry === undefined ? fromBase : readEntry(entry.body).id;
    this.#file.replace(before, base?.content, { cluster, seq, lastId });
  }

  /** Those whose changes are done by now. */
  #answer(): void {
    for (const [key, { resolve, reject }] of this.#waiting) {
      const outcome = this.#file.outcomeOf(Buffer.from(key, 'hex'));
      if (outcome === undefined) continue;
      this.#waiting.delete(key);
      // Whose own change was the last before a base is due makes it: mostly that is one of them.
      this.#isBaseDue = true;
      if (outcome instanceof FerryError) reject(outcome);
      else resolve(outcome);
    }
  }

  async #makeBase(): Promise<void> {
    this.#isBaseDue = false;
    const { cluster, seq } = this.#file.progress() ?? {};
    if (cluster === undefined || seq === undefined) return;
    const every = this.#opts.baseEvery ?? defaultBaseEvery;
    if (this.#baseSeq !== undefined && seq - this.#baseSeq < every) return;
    this.#baseSeq = (await this.#log.newestBase(cluster)) ?? 0;
    if (seq - this.#baseSeq < every) return;
    const content = this.#file.copy();
    if (content.length > mostBaseBytes) return;
    await this.#log.putBase(cluster, { seq, content });
    await this.#log.forget(cluster, Math.max(0, seq - Math.min(kept, every)), seq);
    this.#baseSeq = seq;
  }
}

/** What all begin with, and nothing has been agreed on that this file knows of. */
function isBeginning({ seq, lastId }: Progress): boolean {
  return seq === 0 && lastId.equals(fromBase);
}

function busy(): FerryError {
  return new FerryError(
    Code.BUSY,
    'this server cannot reach the others now, so nothing that they share can be changed: try again in a moment',
    { retryAfterMs: 2000 },
  );
}

function forgotten(): FerryError {
  return new FerryError(
    Code.CONFIG,
    'the bus has forgotten what the servers had agreed on: bring it back, or move the file of accounts away to begin anew',
  );
}
