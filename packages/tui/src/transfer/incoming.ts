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
import type { TransferContext } from './context.ts';
import { copyFromOld } from './copy-from-old.ts';
import type { DownloadSpec } from './download.ts';
import { overLanes } from './over-lanes.ts';
import { isOfTheLine, isWorthKeeping, patience, stallMs } from './retry.ts';
import { takeTurns } from './take-turns.ts';
import { transferIdOf } from './transfer-id.ts';

/** Blocks that are asked for together with the file's facts. */
const firstBlocks = 4;
/** Blocks of one request at most; a slow lane asks for one at a time, so that lanes come to their end together. */
const blocksPerRead = 4;
/** A block that is this late is asked for on an idle lane as well, when nothing else is left to ask for. Milliseconds. */
const lateMs = 400;
/** How often damaged blocks are asked for again. */
const repairs = 3;

export type IncomingOpts = {
  /** Identity of what may be replaced. */
  readonly expected: string | undefined;
  /** The version that is there and is to be replaced: what it has in common with the new one need not come. */
  readonly old?: Facts | undefined;
};

export class Incoming {
  readonly #spec: DownloadSpec;
  readonly #context: TransferContext;
  readonly #opts: IncomingOpts;
  #facts: Facts | undefined;
  #staged: StagedFile | undefined;
  /** Blocks there already when this attempt began. */
  #had: ReadonlySet<number> = new Set();
  /** Blocks never asked for begin here… */
  #next = 0;
  #isVerified = false;
  #hintWasStale = false;
  #isCompared = false;
  /** …and these were asked for in vain. */
  readonly #again: number[] = [];
  /** Blocks asked for and not there, since when, and whether on two lanes. */
  readonly #out = new Map<number, { readonly sinceMs: number; lanes: number }>();
  readonly #arrived = new Set<number>();
  /** Ends what is still asked for when everything is there. */
  readonly #complete = new AbortController();
  readonly #signal: AbortSignal;
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
    const file = this.#stagedFile();
    file.commit();
    this.#context.onDigest?.(file.rootDigest());
  }

  /** After a failure: what could be gone on with stays, unless it is of no use or the user gave it up. */
  end(thrown: unknown): void {
    if (isWorthKeeping(asFerryError(thrown), this.#context.signal)) this.#staged?.leave();
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
    const next = (): void => {
      while (failure === undefined && mayGoOn() && !this.#context.gate.isShut) {
        const window = lane.window();
        const count = Math.min(blocksPerRead, Math.max(1, Math.floor(window / 3)));
        if (window - out < count) return;
        const range = this.#claim(count) ?? (out === 0 ? this.#claimLate() : undefined);
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
    for (next(); calls.size > 0; next()) await Promise.race(calls);
    if (failure !== undefined) throw failure.error;
    await this.#context.gate.pass(this.#context.signal);
    // Idle, while others still wait for theirs: they may turn out to be late.
    while (mayGoOn() && !this.#isDone() && !this.#hasWork() && this.#out.size > 0) await this.#untilLate();
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
    this.#staged = undefined;
    this.#facts = undefined;
    this.#again.length = 0;
    this.#out.clear();
    this.#next = 0;
    this.#isVerified = false;
  }

  /** Also learns what there is to fetch; what of this range is missing then is asked for again. */
  async #fetchFirst(lane: Lane, onStep: () => void): Promise<void> {
    // Where something was left, the beginning is probably there.
    const mayHaveSome = this.#opts.old !== undefined || new Staging(this.#spec.root).hasLeftovers();
    const count = mayHaveSome ? 1 : firstBlocks;
    const first = Array.from({ length: count }, (_, i) => i);
    await this.#fetchRange(lane, first, () => {
      this.#next = Math.min(count, blockCount(this.#known().size));
      this.#isVerified = !mayHaveSome;
      if (this.#isVerified) onStep();
    });
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
    this.#had = had;
    this.#isVerified = true;
  }

  #mayHaveOld(): boolean {
    return this.#opts.old !== undefined && !this.#isCompared && blockCount(this.#known().size) > firstBlocks;
  }

  async #copyFromOld(lane: Lane): Promise<void> {
    const { root, target, source } = this.#spec;
    const had = new Set(this.#had);
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
    this.#had = had;
    this.#isCompared = true;
  }

  #hasWork(): boolean {
    return this.#facts === undefined || this.#again.length > 0 || this.#hasFresh() || this.#hasLate();
  }

  #hasFresh(): boolean {
    const blocks = blockCount(this.#known().size);
    while (this.#next < blocks && this.#had.has(this.#next)) this.#next += 1;
    return this.#next < blocks;
  }

  /** Neighbouring blocks, at most `most`. */
  #claim(most: number): number[] | undefined {
    const again = this.#again.pop();
    if (again !== undefined) return [again];
    if (!this.#hasFresh()) return undefined;
    const blocks = blockCount(this.#known().size);
    const first = this.#next;
    while (this.#next < blocks && this.#next - first < most && !this.#had.has(this.#next)) this.#next += 1;
    return Array.from({ length: this.#next - first }, (_, i) => first + i);
  }

  /** What did not come of the range is to be asked for again, also when this throws. */
  async #fetchRange(lane: Lane, range: readonly number[], onFacts = (): void => {}): Promise<void> {
    const missing = new Set(range);
    const writing = new Set<Promise<void>>();
    for (const index of range) this.#asked(index);
    try {
      await this.#context.pace.take(this.#bytesOf(range), this.#signal);
      await lane.channel.call(
        read,
        {
          path: this.#spec.source,
          identity: this.#facts?.identity,
          first: range[0] ?? 0,
          count: range.length,
        },
        {
          signal: this.#signal,
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
      // Asked for before it was known where the file ends.
      for (const index of missing) this.#givenBack(index);
    } catch (thrown) {
      if (this.#complete.signal.aborted) return;
      const error = asFerryError(thrown);
      // A line that stands still is of no use to anyone.
      if (error.code === Code.TIMEOUT) lane.channel.abort(error);
      // A call that failed may have left blocks on their way to the disk.
      await Promise.allSettled(writing);
      const blocks = this.#facts === undefined ? 0 : blockCount(this.#facts.size);
      for (const index of missing) if (this.#givenBack(index) && index < blocks) this.#again.push(index);
      throw error;
    }
  }

  /** Before anything is known of the file, as if it were a large one. */
  #bytesOf(range: readonly number[]): number {
    const size = this.#facts?.size ?? range.length * limits.blockBytes;
    return range.reduce((sum, index) => sum + blockLength(size, index), 0);
  }

  #asked(index: number): void {
    const out = this.#out.get(index);
    if (out === undefined) this.#out.set(index, { sinceMs: performance.now(), lanes: 1 });
    else out.lanes += 1;
  }

  /** True when nobody else is asked for it any more. */
  #givenBack(index: number): boolean {
    const out = this.#out.get(index);
    if (out === undefined) return false;
    out.lanes -= 1;
    if (out.lanes > 0) return false;
    this.#out.delete(index);
    return true;
  }

  /** The block that one other lane has owed for longest. */
  #claimLate(): number[] | undefined {
    const nowMs = performance.now();
    for (const [index, { sinceMs, lanes }] of this.#out)
      if (lanes === 1 && nowMs - sinceMs > lateMs) return [index];
    return undefined;
  }

  #hasLate(): boolean {
    return this.#claimLate() !== undefined;
  }

  async #untilLate(): Promise<void> {
    await rest(lateMs / 4, undefined, { signal: this.#signal }).catch(() => {});
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
    this.#out.delete(index);
    this.#count(index, content.length);
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
    const { root, source, target } = this.#spec;
    const { expected } = this.#opts;
    const { size, modified, mode, identity } = facts;
    const staging = new Staging(root, { writesBeside: this.#context.writesBeside ?? 1 });
    const spec = {
      transferId: transferIdOf({ direction: 'download', identity, source, target }),
      target,
      size,
      modified,
      mode,
      source: identity,
      existing: this.#context.placing.existing,
      ...(expected === undefined ? {} : { expected }),
    };
    this.#staged = staging.reopen(spec, 'resume') ?? staging.create(spec);
  }

  #known(): Facts {
    if (this.#facts === undefined)
      throw new FerryError(Code.MALFORMED, 'the server did not describe the file');
    return this.#facts;
  }

  #stagedFile(): StagedFile {
    if (this.#staged === undefined)
      throw new FerryError(Code.MALFORMED, 'the server did not describe the file');
    return this.#staged;
  }
}
