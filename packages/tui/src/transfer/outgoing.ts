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
import { isAwake, type LaneCalls, LanesAtWork, whileAwake } from './lanes-at-work.ts';
import { overLanes } from './over-lanes.ts';
import { lateAt, OwedBlocks } from './owed-blocks.ts';
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
  readonly #owed = new OwedBlocks();
  readonly #atWork = new LanesAtWork();
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
          if (this.#base.isToBlame(error)) {
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
      isDone: () => this.#isCommitted || this.#isThere,
      hasWork: () => this.#hasWork(),
      work: (lane, mayGoOn, onStep) => this.#sendOver(lane, mayGoOn, onStep),
      progress: () => this.#bytes,
      left: () => this.#order.size - this.#bytes,
      endure: (error, failures) => this.#endure(error, failures),
    });
  }

  get #isThere(): boolean {
    return this.#owed.there === this.#blocks;
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
    const calls = this.#atWork.enter(lane);
    try {
      const { handle } = await this.#open(lane, calls.fail);
      if (this.#isCommitted) return;
      const isFound = await this.#base.wasFound();
      calls.isOpening = false;
      if (isFound) {
        // It has to be named when the transfer is begun.
        await this.#handles.leaveAll(true);
        this.#startOver();
        await this.#sendOver(lane, mayGoOn, onStep);
        return;
      }
      await this.#base.compare(lane, this.#file.disk, this.#context.signal);
      await this.#sendMost(handle, calls, mayGoOn, onStep);
      await Promise.all(calls.out);
      if (calls.failure !== undefined) throw asFerryError(calls.failure.error);
    } finally {
      this.#atWork.leave(calls);
    }
  }

  async #sendMost(
    handle: number,
    calls: LaneCalls,
    mayGoOn: () => boolean,
    onStep: () => void,
  ): Promise<void> {
    const { signal, gate, pace } = this.#context;
    const { lane, out } = calls;
    const part = { out: () => out.size, rate: () => lane.rate?.() };
    const leave = this.#finish.enter(part);
    const pause = async (): Promise<void> =>
      Promise.race([...out, rest(lookMs, undefined, { signal })]).catch(() => {});
    try {
      while (calls.failure === undefined && mayGoOn()) {
        await gate.pass(signal);
        const { late } = gate;
        if (out.size >= lane.window()) {
          await Promise.race(out);
          continue;
        }
        if (this.#hasWork() && !this.#finish.mayTake(part, this.#runs.free + this.#again.length)) {
          await pause();
          continue;
        }
        const index =
          this.#again.pop() ?? this.#runs.claim(lane) ?? (out.size === 0 ? this.#lateBlock() : undefined);
        if (index === undefined) {
          if (!this.#owed.isWaiting) break;
          // What others owe may turn out to be late.
          await pause();
          continue;
        }
        this.#owed.taken(index, lane);
        try {
          const send = (): Promise<void> => this.#sendBlock(handle, index, calls);
          await (pace.grain < limits.blockBytes ? this.#sending.take(send) : send());
        } catch (error) {
          this.#giveBack(index, lane);
          if (!late.aborted || signal.aborted) calls.fail(error);
          else lane.abandon();
        }
        onStep();
      }
    } finally {
      this.#runs.leave(lane);
      leave();
    }
  }

  /** For a lane with nothing else to do; not where blocks come in slices, or some in a row belong to one lane. */
  #lateBlock(): number | undefined {
    const isFree = this.#context.pace.grain >= limits.blockBytes && Number.isFinite(this.#runs.free);
    return isFree ? this.#owed.lateBlock(performance.now()) : undefined;
  }

  #giveBack(index: number, lane: Lane): void {
    if (this.#owed.failed(index, lane)) this.#again.push(index);
  }

  /** Resolves when it is on its way, or the server has it. */
  async #sendBlock(handle: number, index: number, calls: LaneCalls): Promise<void> {
    const { lane } = calls;
    const { pool, signal, gate } = this.#context;
    const { late } = gate;
    const had = this.#had.get(index);
    const known = had === undefined ? undefined : await this.#file.digestOf?.(index, signal);
    if (had !== undefined && known !== undefined && sameDigest(had, known)) {
      this.#digests[index] = known;
      this.#arrived(index, blockLength(this.#order.size, index));
      return;
    }
    const isWanted = (other: number): boolean => !this.#had.has(other);
    const { buffer, length, digest } = await this.#file.block(index, pool, signal, isWanted);
    this.#digests[index] = digest;
    if (had !== undefined && sameDigest(had, digest)) {
      pool.give(buffer);
      this.#arrived(index, length);
      if (index % comparedAtOnce === 0) await nextTurn();
      return;
    }
    const header = { handle, index, length, digest };
    const pieces = this.#base.recipe(index);
    const { answered: sent } = isPatch(pieces)
      ? { answered: this.#patch(lane, header, pieces, buffer) }
      : await this.#sendGranted(lane, header, buffer);
    const answered = calls.sent(sent).then(
      () => {
        this.#arrived(index, length);
        if (this.#isThere) void this.#atWork.endStill(() => this.#isThere);
      },
      (error: unknown) => {
        this.#giveBack(index, lane);
        if (late.aborted && !signal.aborted) lane.abandon();
        else calls.fail(error);
      },
    );
    calls.out.add(answered);
    void answered.finally(() => calls.out.delete(answered));
    this.#owed.sent(index, lateAt(performance.now(), calls.usualMs()));
    if (!lane.channel.writable) await lane.channel.ready(signal).catch(calls.fail);
  }

  async #sendGranted(
    lane: Lane,
    header: BlockHeader,
    buffer: Buffer,
  ): Promise<{ readonly answered: Promise<void> }> {
    const { pool, pace, signal } = this.#context;
    const sent = (): void => pool.give(buffer);
    const granted = await takeSome(pace, header.length, signal).catch((error: unknown) => {
      sent();
      throw error;
    });
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

  #arrived(index: number, length: number): void {
    if (!this.#owed.arrived(index)) return;
    this.#bytes += length;
    this.#context.onBytes(length);
  }

  /** Waits where only the server's answer says what is to be sent; who joins sends its blocks right behind. */
  async #open(lane: Lane, fail: LaneCalls['fail']): Promise<LaneHandle> {
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
    const request = { ...this.#order, ...this.#base.order, handle, begin: Begin.resume };
    const opts = { signal, timeoutMs: patientMs, onPart: (have: Have) => this.#keep(have) };
    const { committed, run } = await whileAwake(lane, lane.channel.call(create, request, opts));
    this.#isBegun = true;
    this.#runs.length = run;
    if (committed !== undefined) {
      this.#isCommitted = true;
      this.#context.onBytes(this.#order.size - this.#bytes);
    }
  }

  async #join(lane: Lane, handle: number): Promise<void> {
    const { signal } = this.#context;
    const request = { ...this.#order, ...this.#base.order, handle, begin: Begin.join };
    await lane.channel.call(create, request, { signal });
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
          // A commit may take minutes: whether somebody is there would not be seen before.
          if (!(await isAwake(lane, signal))) continue;
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
    this.#owed.startOver();
    this.#forgetBytes();
  }

  #forgetBytes(): void {
    this.#context.onBytes(-this.#bytes);
    this.#bytes = 0;
  }
}

function isBadState(error: unknown): boolean {
  return error instanceof FerryError && error.code === Code.BAD_STATE;
}
