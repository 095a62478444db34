/**
 * A large file that is being uploaded: which blocks the server has, which are on their way on which lane, and under which
 * handle each lane knows the transfer. Made by upload.ts; I/O thread.
 */

import { setImmediate as nextTurn, setTimeout as rest } from 'node:timers/promises';
import { asFerryError, Code, FerryError, limits } from '@ferry/protocol';
import {
  type BlockHeader,
  blockCount,
  blockLength,
  digestBytes,
  type Piece,
  rootDigest,
  sameDigest,
} from '@ferry/protocol/content';
import { Begin, commit, create, type Have } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import { type BaseOpts, BasePlan } from './base-plan.ts';
import { BlockRuns } from './block-runs.ts';
import type { TransferContext } from './context.ts';
import { lackedBytes } from './delta.ts';
import { FinishTogether } from './finish-together.ts';
import { type LaneHandle, LaneHandles } from './lane-handles.ts';
import { overLanes } from './over-lanes.ts';
import { takeAll, takeSome } from './pace.ts';
import { isOfTheLine, isWorthKeeping, patience, restBefore } from './retry.ts';
import { sendBlock } from './send-block.ts';
import { isPatch, sendPatch } from './send-patch.ts';
import type { SentFile } from './sent-file.ts';
import { Turns } from './turns.ts';
import type { UploadOrder } from './upload.ts';

/** How long the server may take to publish or to read again what it has, milliseconds: its disk may be slow. */
const patientMs = 600_000;
/** Blocks that are read and found to be there between two turns of the event loop. */
const comparedAtOnce = 4;
/** How often a lane looks whether the last blocks should be its own after all, milliseconds. */
const lookMs = 100;
/** How often damaged blocks are sent again. */
const repairs = 3;

/** What one lane has on its way. */
type Calls = { readonly out: Set<Promise<void>>; readonly fail: (error: unknown) => void };

export class Outgoing {
  readonly #file: SentFile;
  readonly #order: UploadOrder;
  readonly #base: BasePlan;
  readonly #context: TransferContext;
  readonly #blocks: number;
  /** Of the blocks that were read. */
  readonly #digests: Uint8Array[] = [];
  /** What the server has from an earlier attempt, as it says. */
  readonly #had = new Map<number, Uint8Array>();
  readonly #handles = new LaneHandles();
  /** Blocks never sent… */
  readonly #runs: BlockRuns;
  /** …and these were sent in vain. */
  #again: number[] = [];
  #there = 0;
  #bytes = 0;
  #damaged = 0;
  #isBegun = false;
  #isCommitted = false;
  readonly #finish = new FinishTogether();
  /** In slices one block is sent after the other, whatever the number of lanes. */
  readonly #sending = new Turns();

  constructor(file: SentFile, order: UploadOrder, context: TransferContext, base: BaseOpts = {}) {
    this.#file = file;
    this.#order = order;
    this.#context = context;
    this.#base = new BasePlan(base);
    this.#blocks = blockCount(file.facts.size);
    this.#runs = new BlockRuns(this.#blocks);
  }

  /** As {@link upload}. */
  async send(): Promise<void> {
    try {
      for (let attempt = 1; !this.#isCommitted; attempt++) {
        try {
          await this.#sendBlocks();
          if (!this.#isCommitted) await this.#commit();
        } catch (error) {
          if (this.#base.isKnown && error instanceof FerryError && ofTheBase.has(error.code)) {
            // The version that was there is another one now: all is sent.
            this.#base.giveUp();
            this.#startOver();
            continue;
          }
          // The server has lost or published it meanwhile: it says which when the transfer is begun again.
          if (!isBadState(error) || attempt > patience) throw error;
          this.#startOver();
        }
      }
    } catch (thrown) {
      const error = asFerryError(thrown);
      await this.#handles.leaveAll(isWorthKeeping(error, this.#context.signal));
      this.#forgetBytes();
      throw this.#context.signal.aborted ? new FerryError(Code.CANCELLED, 'cancelled') : error;
    }
  }

  async #sendBlocks(): Promise<void> {
    await overLanes(this.#context, {
      isDone: () => this.#isCommitted || this.#there === this.#blocks,
      hasWork: () => this.#hasWork(),
      work: (lane, mayGoOn, onStep) => this.#sendOver(lane, mayGoOn, onStep),
      progress: () => this.#bytes,
      left: () => this.#order.size - this.#bytes,
      endure: (error, failures) => this.#endure(error, failures),
    });
  }

  #hasWork(): boolean {
    return this.#runs.hasWork || this.#again.length > 0;
  }

  #endure(error: FerryError, failures: number): void {
    if (error.code === Code.INTEGRITY) {
      this.#damaged += 1;
      if (this.#damaged > repairs) throw error;
      return;
    }
    if (!isOfTheLine(error) || failures > patience) throw error;
  }

  async #sendOver(lane: Lane, mayGoOn: () => boolean, onStep: () => void): Promise<void> {
    const { signal, gate, pace } = this.#context;
    let failure: { error: unknown } | undefined;
    const out = new Set<Promise<void>>();
    const fail = (error: unknown): void => {
      failure ??= { error };
    };
    const { handle } = await this.#open(lane, fail);
    if (this.#isCommitted) return;
    if (await this.#base.wasFound()) {
      // It has to be named when the transfer is begun.
      await this.#handles.leaveAll(true);
      this.#startOver();
      await this.#sendOver(lane, mayGoOn, onStep);
      return;
    }
    await this.#base.compare(lane, this.#file.disk, signal);
    const calls = { out, fail };
    const part = { out: () => out.size, rate: () => lane.rate?.() };
    const leave = this.#finish.enter(part);
    try {
      while (failure === undefined && mayGoOn()) {
        await gate.pass(signal);
        const { late } = gate;
        if (out.size >= lane.window()) {
          await Promise.race(out);
          continue;
        }
        if (this.#hasWork() && !this.#finish.mayTake(part, this.#runs.free + this.#again.length)) {
          await Promise.race([...out, rest(lookMs, undefined, { signal })]).catch(() => {});
          continue;
        }
        const index = this.#again.pop() ?? this.#runs.claim(lane);
        if (index === undefined) break;
        try {
          const send = (): Promise<void> => this.#sendBlock(lane, handle, index, calls);
          await (pace.grain < limits.blockBytes ? this.#sending.take(send) : send());
        } catch (error) {
          this.#again.push(index);
          if (!late.aborted || signal.aborted) fail(error);
          else lane.abandon();
        }
        onStep();
      }
    } finally {
      this.#runs.leave(lane);
      leave();
    }
    await Promise.all(out);
    if (failure !== undefined) {
      const error = asFerryError(failure.error);
      // A line that stands still is of no use to anyone.
      if (error.code === Code.TIMEOUT) lane.channel.abort(error);
      throw error;
    }
  }

  /** Resolves when it is on its way, or the server has it. */
  async #sendBlock(lane: Lane, handle: number, index: number, calls: Calls): Promise<void> {
    const { pool, signal, gate } = this.#context;
    const { late } = gate;
    const had = this.#had.get(index);
    const known = had === undefined ? undefined : await this.#file.digestOf?.(index, signal);
    if (had !== undefined && known !== undefined && sameDigest(had, known)) {
      this.#digests[index] = known;
      this.#arrived(blockLength(this.#order.size, index));
      return;
    }
    const isWanted = (other: number): boolean => !this.#had.has(other);
    const { buffer, length, digest } = await this.#file.block(index, pool, signal, isWanted);
    this.#digests[index] = digest;
    if (had !== undefined && sameDigest(had, digest)) {
      pool.give(buffer);
      this.#arrived(length);
      if (index % comparedAtOnce === 0) await nextTurn();
      return;
    }
    const header = { handle, index, length, digest };
    const pieces = this.#base.recipe(index);
    const { answered: sent } = isPatch(pieces)
      ? { answered: this.#patch(lane, header, pieces, buffer) }
      : await this.#sendGranted(lane, header, buffer);
    const answered = sent
      .then(
        () => this.#arrived(length),
        (error: unknown) => {
          this.#again.push(index);
          if (late.aborted && !signal.aborted) lane.abandon();
          else calls.fail(error);
        },
      )
      .finally(() => calls.out.delete(answered));
    calls.out.add(answered);
    if (!lane.channel.writable) await lane.channel.ready(signal).catch(calls.fail);
  }

  async #sendGranted(
    lane: Lane,
    header: BlockHeader,
    buffer: Buffer,
  ): Promise<{ readonly answered: Promise<void> }> {
    const { pool, pace, signal } = this.#context;
    const sent = (): void => pool.give(buffer);
    let granted: number;
    try {
      granted = await takeSome(pace, header.length, signal);
    } catch (error) {
      sent();
      throw error;
    }
    return sendBlock(lane, { header, buffer, sent, granted }, this.#context);
  }

  async #patch(lane: Lane, block: BlockHeader, pieces: readonly Piece[], buffer: Buffer): Promise<void> {
    const { pace, pool, signal } = this.#context;
    let sent: Promise<void>;
    try {
      await takeAll(pace, lackedBytes(pieces), signal);
      sent = sendPatch(lane.channel, block, pieces, buffer, signal);
    } finally {
      pool.give(buffer);
    }
    try {
      await sent;
      lane.moved(block.length);
    } catch (error) {
      // The comparing was a guess; the block itself is none.
      if (error instanceof FerryError && error.code === Code.INTEGRITY) this.#base.doubt();
      throw error;
    }
  }

  #arrived(length: number): void {
    this.#there += 1;
    this.#bytes += length;
    this.#context.onBytes(length);
  }

  /** Waits where only the server's answer says what is to be sent; who joins sends its blocks right behind. */
  async #open(lane: Lane, fail: Calls['fail']): Promise<LaneHandle> {
    const isJoining = this.#isBegun;
    const open = this.#handleOn(lane);
    if (isJoining) open.opened.catch(fail);
    else await open.opened;
    return open;
  }

  /** The first lane begins the transfer, the others join. */
  #handleOn(lane: Lane): LaneHandle {
    return this.#handles.of(lane, (handle) =>
      this.#isBegun ? this.#join(lane, handle) : this.#begin(lane, handle),
    );
  }

  async #begin(lane: Lane, handle: number): Promise<void> {
    const { signal } = this.#context;
    const { committed, run } = await lane.channel.call(
      create,
      { ...this.#order, ...this.#base.order, handle, begin: Begin.resume },
      { signal, timeoutMs: patientMs, onPart: (have) => this.#keep(have) },
    );
    this.#isBegun = true;
    this.#runs.length = run;
    if (committed !== undefined) {
      this.#isCommitted = true;
      this.#context.onBytes(this.#order.size - this.#bytes);
    }
  }

  async #join(lane: Lane, handle: number): Promise<void> {
    const { signal } = this.#context;
    await lane.channel.call(
      create,
      { ...this.#order, ...this.#base.order, handle, begin: Begin.join },
      { signal },
    );
  }

  #keep({ first, digests }: Have): void {
    for (let i = 0; i * digestBytes < digests.length; i++) {
      this.#had.set(first + i, digests.subarray(i * digestBytes, (i + 1) * digestBytes));
    }
  }

  async #commit(): Promise<void> {
    const { lanes, signal } = this.#context;
    await this.#file.checkUnchanged(signal);
    for (let failures = 0; ; ) {
      try {
        const lane = await lanes.take(signal);
        try {
          await this.#commitOver(lane, failures > 0);
        } finally {
          lane.release();
        }
        return;
      } catch (thrown) {
        const error = asFerryError(thrown);
        failures += 1;
        if (!isOfTheLine(error) || failures > patience) throw error;
        await restBefore(failures, error, signal);
      }
    }
  }

  async #commitOver(lane: Lane, wasTried: boolean): Promise<void> {
    // Its commit may have been heard; begun again, the server says so.
    if (wasTried && !this.#handles.has(lane)) this.#isBegun = false;
    const { handle, opened } = this.#handleOn(lane);
    await opened;
    if (this.#isCommitted) return;
    this.#handles.forget(lane);
    await this.#handles.leaveAll(true);
    const root = rootDigest(this.#order.size, this.#digests);
    this.#context.onDigest?.(root);
    await lane.channel.call(
      commit,
      { handle, rootDigest: root },
      { signal: this.#context.signal, timeoutMs: patientMs },
    );
    this.#isCommitted = true;
  }

  #startOver(): void {
    this.#handles.forgetAll();
    this.#had.clear();
    this.#isBegun = false;
    this.#runs.startOver();
    this.#again = [];
    this.#there = 0;
    this.#forgetBytes();
  }

  #forgetBytes(): void {
    this.#context.onBytes(-this.#bytes);
    this.#bytes = 0;
  }
}

/** The version that patches would take bytes from is gone or another one. */
const ofTheBase: ReadonlySet<Code> = new Set([Code.SOURCE_CHANGED, Code.NOT_FOUND, Code.NOT_REGULAR]);

function isBadState(error: unknown): boolean {
  return error instanceof FerryError && error.code === Code.BAD_STATE;
}
