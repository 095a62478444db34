/**
 * A file that is being downloaded: which blocks are there, which were asked for on which lane, and the staged file they
 * go to. Made by download.ts; I/O thread.
 */

import { setTimeout as rest } from 'node:timers/promises';
import { asFerryError, Code, type Facts, FerryError, limits } from '@ferry/protocol';
import { type BlockHeader, blockCount, blockLength } from '@ferry/protocol/content';
import { type StagedFile, Staging } from '@ferry/protocol/disk';
import { read } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import { BlockClaims, lateMs } from './block-claims.ts';
import type { TransferContext } from './context.ts';
import { copyFromOld } from './copy-from-old.ts';
import type { DownloadSpec } from './download.ts';
import { fetchInSlices } from './fetch-in-slices.ts';
import { FinishTogether } from './finish-together.ts';
import { overLanes } from './over-lanes.ts';
import { OwnId } from './own-id.ts';
import { takeSome } from './pace.ts';
import { isOfTheLine, isWorthKeeping, patience, stallMs } from './retry.ts';
import { stageDownload } from './stage-download.ts';
import { takeTurns } from './take-turns.ts';
import { Turns } from './turns.ts';

/** Blocks that are asked for together with the file's facts. */
const firstBlocks = 4;
/** Blocks of one request at most; a slow lane asks for one at a time, so that lanes come to their end together. */
const blocksPerRead = 4;
/** How often damaged blocks are asked for again. */
const repairs = 3;

export type IncomingOpts = {
  /** Identity of what may be replaced. */
  readonly expected: string | undefined;
  /** The version that is there and is to be replaced: what it has in common with the new one need not come. */
  readonly old?: Facts | undefined;
};

type BlocksCall = {
  /** What has not come of what was asked for. */
  readonly missing: Set<number>;
  /** Blocks on their way to the disk. */
  readonly writing: Set<Promise<void>>;
  /** The gate's. */
  readonly late: AbortSignal;
  readonly onFacts: () => void;
};

export class Incoming {
  readonly #spec: DownloadSpec;
  readonly #context: TransferContext;
  readonly #opts: IncomingOpts;
  #facts: Facts | undefined;
  #staged: StagedFile | undefined;
  readonly #id = new OwnId();
  readonly #claims = new BlockClaims();
  #isVerified = false;
  #hintWasStale = false;
  #isCompared = false;
  readonly #arrived = new Set<number>();
  /** Ends what is still asked for when everything is there. */
  readonly #complete = new AbortController();
  readonly #signal: AbortSignal;
  readonly #finish = new FinishTogether();
  /** In slices one block is asked for after the other: few are begun, whatever the number of lanes. */
  readonly #asking = new Turns();
  #bytes = 0;
  #damaged = 0;

  constructor(spec: DownloadSpec, context: TransferContext, opts: IncomingOpts) {
    this.#spec = spec;
    this.#context = context;
    this.#opts = opts;
    this.#signal = AbortSignal.any([context.signal, this.#complete.signal]);
  }

  /** Every block is there then. */
  async fetch(): Promise<void> {
    await overLanes(this.#context, {
      isDone: () => this.#isDone(),
      hasWork: () => this.#hasWork(),
      work: (lane, mayGoOn, onStep) => this.#fetchOver(lane, mayGoOn, onStep),
      progress: () => this.#bytes,
      left: () => (this.#facts === undefined ? 0 : this.#facts.size - this.#bytes),
      endure: (error, failures) => this.#endure(error, failures),
    });
  }

  #isDone(): boolean {
    return this.#staged?.complete === true;
  }

  commit(): void {
    this.#stagedFile().commit();
    this.#id.giveBack();
    this.#context.onDigest?.(this.#stagedFile().rootDigest());
  }

  /** After a failure: what could be gone on with stays, unless it is of no use or the user gave it up. */
  end(thrown: unknown): void {
    const isKept = this.#id.giveBack() && isWorthKeeping(asFerryError(thrown), this.#context.signal);
    if (isKept) this.#staged?.leave();
    else this.#staged?.discard();
    this.#context.onBytes(-this.#bytes);
    this.#bytes = 0;
  }

  #endure(error: FerryError, failures: number): void {
    if (error.code === Code.INTEGRITY) {
      this.#damaged += 1;
      if (this.#damaged > repairs) throw error;
      return;
    }
    if (error.code === Code.SOURCE_CHANGED && this.#spec.facts !== undefined && this.#bytes === 0) {
      if (this.#facts === this.#spec.facts) this.#forgetHint();
      if (failures <= patience) return;
    }
    if (!isOfTheLine(error) || failures > patience) throw error;
  }

  async #fetchOver(lane: Lane, mayGoOn: () => boolean, onStep: () => void): Promise<void> {
    this.#beginWithHint();
    if (this.#facts === undefined) await this.#fetchFirst(lane, onStep);
    if (!this.#isVerified) await this.#verifyOld();
    if (this.#mayHaveOld()) await this.#copyFromOld(lane);
    onStep();
    let out = 0;
    let failure: { error: unknown } | undefined;
    const calls = new Set<Promise<void>>();
    const part = { out: () => out, rate: () => lane.rate?.() };
    const leave = this.#finish.enter(part);
    const isForOthers = (): boolean => !this.#finish.mayTake(part, this.#claims.free);
    const next = (): void => {
      while (failure === undefined && mayGoOn() && !this.#context.gate.isShut) {
        if (isForOthers()) return;
        const window = lane.window();
        const count = Math.max(1, Math.min(blocksPerRead, Math.floor(window / 3), this.#blocksAtOnce()));
        if (window - out < count) return;
        const range =
          this.#claims.claim(count, lane) ??
          (out === 0 ? this.#claims.claimLate(performance.now()) : undefined);
        if (range === undefined) return;
        out += range.length;
        const call = this.#fetchRange(lane, range)
          .catch((error: unknown) => {
            failure ??= { error };
          })
          .finally(() => {
            out -= range.length;
            calls.delete(call);
          });
        calls.add(call);
        onStep();
      }
    };
    try {
      for (next(); calls.size > 0; next()) await Promise.race(calls);
      if (failure !== undefined) throw failure.error;
      await this.#context.gate.pass(this.#context.signal);
      // Idle, while others still wait for theirs: they may turn out to be late.
      const mayHelp = (): boolean => isForOthers() || (!this.#hasWork() && this.#claims.isWaiting);
      while (mayGoOn() && !this.#signal.aborted && !this.#isDone() && mayHelp())
        await rest(lateMs / 4, undefined, { signal: this.#signal }).catch(() => {});
    } finally {
      leave();
    }
  }

  /** Of a large file it is worth a stale hint now and then that all lanes can begin at once. */
  #beginWithHint(): void {
    const { facts } = this.#spec;
    if (this.#facts !== undefined || this.#hintWasStale || facts === undefined) return;
    if (blockCount(facts.size) > firstBlocks) this.#begin(facts);
  }

  /** What was told before the first byte is no change during the transfer: asked anew. */
  #forgetHint(): void {
    this.#hintWasStale = true;
    this.#staged?.discard();
    this.#id.giveBack();
    this.#staged = undefined;
    this.#facts = undefined;
    this.#claims.forget();
    this.#isVerified = false;
  }

  /** Also learns what there is to fetch; what of this range is missing then is asked for again. */
  async #fetchFirst(lane: Lane, onStep: () => void): Promise<void> {
    // Where something was left, the beginning is probably there.
    const mayHaveSome = this.#opts.old !== undefined || new Staging(this.#spec.root).hasLeftovers();
    const count = Math.min(mayHaveSome ? 1 : firstBlocks, this.#blocksAtOnce());
    const first = Array.from({ length: count }, (_, i) => i);
    const { gate, signal } = this.#context;
    while (this.#facts === undefined) {
      await gate.pass(signal);
      await this.#fetchRange(lane, first, () => {
        this.#claims.skip(count);
        this.#isVerified = !mayHaveSome;
        if (this.#isVerified) onStep();
      });
    }
  }

  /** Whole blocks that the limits let go at once; below one they come in slices. */
  #blocksAtOnce(): number {
    return Math.floor(this.#context.pace.grain / limits.blockBytes);
  }

  /** What an earlier attempt left, read again block by block. */
  async #verifyOld(): Promise<void> {
    const { signal } = this.#context;
    const had = new Set<number>();
    const size = this.#known().size;
    await takeTurns(this.#stagedFile().verified(), signal, ([index]) => {
      had.add(index);
      this.#count(index, blockLength(size, index));
    });
    this.#claims.had = had;
    this.#isVerified = true;
  }

  #mayHaveOld(): boolean {
    return this.#opts.old !== undefined && !this.#isCompared && blockCount(this.#known().size) > firstBlocks;
  }

  async #copyFromOld(lane: Lane): Promise<void> {
    const { root, target, source } = this.#spec;
    const had = new Set(this.#claims.had);
    await copyFromOld(
      { lane: lane.channel, old: { root, path: target }, wanted: { path: source, facts: this.#known() } },
      this.#context.signal,
      {
        wants: (index) => !this.#arrived.has(index),
        onBlock: (index, content, digest) => {
          this.#stagedFile().write(index, content, digest);
          had.add(index);
          this.#count(index, content.length);
        },
      },
    );
    this.#claims.had = had;
    this.#isCompared = true;
  }

  #hasWork(): boolean {
    return this.#facts === undefined || this.#claims.hasWork(performance.now());
  }

  /** What did not come of the range is to be asked for again, also when this throws. */
  async #fetchRange(lane: Lane, range: readonly number[], onFacts = (): void => {}): Promise<void> {
    const missing = new Set(range);
    const writing = new Set<Promise<void>>();
    const { gate, pace } = this.#context;
    const { late } = gate;
    for (const index of range) this.#claims.asked(index, performance.now());
    const ask = async (): Promise<{ readonly answered: Promise<void> }> => {
      const granted = await takeSome(pace, this.#bytesOf(range), this.#signal);
      const paid = this.#facts === undefined ? range : this.#paidFor(range, granted);
      const [first] = range;
      if (first !== undefined && paid.length === 0) {
        this.#giveBack(range.slice(1), missing);
        return this.#fetchSlices(lane, first, granted, missing);
      }
      this.#giveBack(range.slice(paid.length), missing);
      return { answered: this.#fetchBlocks(lane, paid, { missing, writing, late, onFacts }) };
    };
    try {
      const { answered } = await (this.#blocksAtOnce() === 0 ? this.#asking.take(ask) : ask());
      await answered;
    } catch (thrown) {
      if (this.#complete.signal.aborted) return;
      const error = asFerryError(thrown);
      const isPaused = late.aborted && !this.#signal.aborted;
      if (isPaused) lane.abandon();
      // A line that stands still is of no use to anyone.
      else if (error.code === Code.TIMEOUT) lane.channel.abort(error);
      // A call that failed may have left blocks on their way to the disk.
      await Promise.allSettled(writing);
      this.#giveBack([...missing], missing);
      if (!isPaused) throw error;
    }
  }

  async #fetchBlocks(lane: Lane, range: readonly number[], call: BlocksCall): Promise<void> {
    const { missing, writing, late, onFacts } = call;
    const { identity } = this.#facts ?? {};
    await lane.channel.call(
      read,
      { path: this.#spec.source, identity, first: range[0] ?? 0, count: range.length },
      {
        signal: AbortSignal.any([this.#signal, late]),
        timeoutMs: stallMs,
        onPart: ({ facts }) => {
          this.#begin(facts);
          onFacts();
        },
        onBlock: (header, content) => {
          lane.moved(content.length);
          const written = this.#take(missing, header, content);
          writing.add(written);
          return written;
        },
      },
    );
    const blocks = blockCount(this.#known().size);
    if ([...missing].some((index) => index < blocks)) {
      throw new FerryError(Code.INTEGRITY, 'the server left out a part of the file');
    }
  }

  async #fetchSlices(
    lane: Lane,
    index: number,
    granted: number,
    missing: Set<number>,
  ): Promise<{ readonly answered: Promise<void> }> {
    const { identity, size } = this.#known();
    const fetch = { path: this.#spec.source, identity, size, index, granted, file: this.#stagedFile() };
    const { answered } = await fetchInSlices(lane, fetch, { ...this.#context, signal: this.#signal });
    return {
      answered: answered.then(() => {
        const length = blockLength(size, index);
        // They were told as they came, and are counted once.
        this.#context.onBytes(-length);
        this.#arrive(missing, index, length);
      }),
    };
  }

  /** Those at the beginning of the range that so many bytes are. */
  #paidFor(range: readonly number[], bytes: number): readonly number[] {
    const most = range.findIndex((_, i) => this.#bytesOf(range.slice(0, i + 1)) > bytes);
    return most < 0 ? range : range.slice(0, most);
  }

  #giveBack(indices: readonly number[], missing: Set<number>): void {
    for (const index of indices) {
      missing.delete(index);
      this.#claims.giveBack(index);
    }
  }

  /** Before anything is known of the file, as if it were a large one. */
  #bytesOf(range: readonly number[]): number {
    const size = this.#facts?.size ?? range.length * limits.blockBytes;
    return range.reduce((sum, index) => sum + blockLength(size, index), 0);
  }

  async #take(missing: Set<number>, { index, digest }: BlockHeader, content: Buffer): Promise<void> {
    if (!missing.delete(index)) {
      throw new FerryError(Code.MALFORMED, 'the server sent a block that was not asked for');
    }
    try {
      await this.#stagedFile().writeBeside(index, content, digest);
    } catch (error) {
      missing.add(index);
      throw error;
    }
    this.#arrive(missing, index, content.length);
  }

  #arrive(missing: Set<number>, index: number, length: number): void {
    missing.delete(index);
    this.#claims.arrived(index);
    this.#count(index, length);
    if (this.#stagedFile().complete) this.#complete.abort();
  }

  /** It may come over two lanes. */
  #count(index: number, length: number): void {
    if (this.#arrived.has(index)) return;
    this.#arrived.add(index);
    this.#bytes += length;
    this.#context.onBytes(length);
  }

  #begin(facts: Facts): void {
    if (this.#facts !== undefined)
      throw new FerryError(Code.MALFORMED, 'the server described the file twice');
    this.#facts = facts;
    this.#claims.begin(blockCount(facts.size));
    const { expected } = this.#opts;
    this.#staged = stageDownload(this.#spec, facts, this.#context, { expected, ownId: this.#id });
  }

  #known(): Facts {
    return described(this.#facts);
  }

  #stagedFile(): StagedFile {
    return described(this.#staged);
  }
}

function described<T>(known: T | undefined): T {
  if (known !== undefined) return known;
  throw new FerryError(Code.MALFORMED, 'the server did not describe the file');
}
