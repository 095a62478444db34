/**
 * One job at work: its walk, its files in flight, its counters, its phase. Knows how a whole job goes on and ends; moving a
 * single file is transfer/'s. I/O thread.
 */

import {
  asFerryError,
  Code,
  EntryKind,
  FerryError,
  joinPath,
  type Path,
  parentPath,
  toWireError,
} from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { Lanes } from '../client/lanes.ts';
import type { FileResult, TransferContext } from '../transfer/context.ts';
import { Gate } from '../transfer/gate.ts';
import { type FileItem, packed, type Unit } from '../transfer/packs.ts';
import { addSample, type RateSample, rateOf } from '../transfer/progress.ts';
import type { Existing, FileFailure, JobId, JobOrder, JobPhase, LiveView } from './job.ts';
import { isOver } from './job.ts';
import { JobRoot } from './job-root.ts';
import { type MoveContext, moveFile, movePack } from './move.ts';
import type { FileSource } from './source.ts';
import { type FailedItem, makeFolder, type Walk, type WalkContext, walkAgain, walkAll } from './walk.ts';

/** What a pack of small files takes up: they wait for the line far longer than they use it. A power of two, to add up exactly. */
const packPlaces = 1 / 4;
/** Failures that are told one by one; the rest is counted. */
const failuresTold = 100;

export type LiveJobContext = {
  readonly remote: FileSource;
  readonly lanes: Lanes;
  readonly pool: BlockPool;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside: number;
  /** Some of it may be at its target already, moved by an earlier process: what is there and the same counts as moved. */
  readonly resumed: boolean;
  /** Something about the job is different: it wants to be shown, and there may be a place for a file. */
  readonly onChange: () => void;
  /** Bytes came; nothing else is different. */
  readonly onProgress: () => void;
  /** A file or folder appeared in a folder of the receiving side. */
  readonly onArrival: (folder: Path) => void;
};

export class LiveJob {
  readonly id: JobId;
  readonly order: JobOrder;
  /** Bytes per second that it may take; undefined: as much as there is. */
  limit: number | undefined;
  readonly #context: LiveJobContext;
  readonly #gate = new Gate();
  #existing: Existing;
  #abort = new AbortController();
  #phase: JobPhase = 'waiting';
  /** What is left of the walk; undefined before it has begun. */
  #walk: Walk | undefined;
  #isWalking = false;
  #walked = false;
  /** Found and not begun: one file or a pack of small ones; the walk waits for it to be taken. */
  #found: readonly [FileItem, ...FileItem[]] | undefined;
  #units: AsyncGenerator<Unit, void, boolean | undefined> | undefined;
  #inFlight = 0;
  /** The user's folder on this machine, open while files move. */
  readonly #root: JobRoot;
  #failed: FailedItem[] = [];
  /** The walk broke off: not even all names of what is to be moved are known. */
  #isLost = false;
  #isStopped = false;
  #digest: string | undefined;
  #failures: FileFailure[] = [];
  #failedFiles = 0;
  #error: FerryError | undefined;
  #doneBytes = 0;
  #totalBytes = 0;
  #doneFiles = 0;
  #totalFiles = 0;
  #skippedFiles = 0;
  #samples: readonly RateSample[] = [];
  #movedMs = 0;
  #movingSinceMs: number | undefined;
  #onIdle: (() => void)[] = [];

  constructor(id: JobId, order: JobOrder, context: LiveJobContext) {
    this.id = id;
    this.order = order;
    this.#existing = order.existing;
    this.#context = context;
    this.#root = new JobRoot(order);
  }

  get phase(): JobPhase {
    return this.#phase;
  }

  /** Files that take up places; those of a paused job do not. */
  get inFlight(): number {
    return this.#phase === 'paused' ? 0 : this.#inFlight;
  }

  /** Whether `startNext` would do something. */
  get ready(): boolean {
    if (this.#isStopped || (this.#phase !== 'waiting' && this.#phase !== 'moving')) return false;
    return this.#found !== undefined || (!this.#isWalking && !this.#walked);
  }

  /** Takes the next step: begins a file, or walks on to find one. */
  startNext(): void {
    this.#begin();
    const items = this.#found;
    if (items === undefined) {
      void this.#walkOn();
      return;
    }
    this.#found = undefined;
    void this.#move(items);
    if (!this.#walked) void this.#walkOn();
  }

  #begin(): void {
    if (this.#phase === 'moving') return;
    this.#phase = 'moving';
    this.#movingSinceMs = performance.now();
    this.#context.onChange();
  }

  pause(): void {
    if (this.#phase !== 'waiting' && this.#phase !== 'moving') return;
    this.#stopClock();
    this.#phase = 'paused';
    this.#gate.shut();
    this.#context.onChange();
  }

  resume(): void {
    if (this.#phase !== 'paused') return;
    this.#phase = 'waiting';
    this.#gate.open();
    // Also when the last file came to its end during the pause: nothing else would end the job then.
    if (this.#inFlight > 0 || (this.#walked && this.#found === undefined)) this.#begin();
    this.#context.onChange();
    this.#endIfDone();
  }

  cancel(): void {
    if (this.#phase === 'cancelled' || this.#phase === 'done') return;
    this.#stopClock();
    this.#phase = 'cancelled';
    this.#gate.open();
    this.#abort.abort();
    this.#endIfDone();
    this.#context.onChange();
  }

  /** Leaves off for whoever moves it next: what can be gone on with stays, and this one never goes on. */
  stop(): void {
    if (isOver(this.#phase) || this.#isStopped) return;
    this.#stopClock();
    this.#phase = 'waiting';
    this.#isStopped = true;
    this.#gate.open();
    this.#abort.abort(new FerryError(Code.SHUTTING_DOWN, 'ferry ends'));
    this.#endIfDone();
  }

  /** Goes over what failed once more. */
  retry(existing: Existing = this.#existing): void {
    if (this.#phase !== 'failed') return;
    this.#existing = existing;
    const again = this.#failed;
    const isLost = this.#isLost;
    this.#failed = [];
    this.#failures = [];
    this.#failedFiles = 0;
    this.#error = undefined;
    this.#isLost = false;
    this.#abort = new AbortController();
    this.#phase = 'waiting';
    if (isLost) {
      this.#walk = undefined;
      this.#doneBytes = this.#totalBytes = this.#doneFiles = this.#totalFiles = this.#skippedFiles = 0;
    } else {
      const files = again.filter((item) => item.kind === 'file');
      this.#totalFiles -= files.length;
      this.#totalBytes -= files.reduce((sum, { size }) => sum + size, 0);
      this.#walk = walkAgain(this.#walkContext(), again);
    }
    this.#units = undefined;
    this.#walked = false;
    this.#context.onChange();
  }

  snapshot(): LiveView {
    const nowMs = performance.now();
    if (this.#phase === 'moving')
      this.#samples = addSample(this.#samples, { ms: nowMs, bytes: this.#doneBytes });
    return {
      phase: this.#phase,
      existing: this.#existing,
      digest: this.#digest,
      figures: {
        doneBytes: this.#doneBytes,
        totalBytes: this.#totalBytes,
        doneFiles: this.#doneFiles,
        totalFiles: this.#totalFiles,
        skippedFiles: this.#skippedFiles,
        failedFiles: this.#failedFiles,
        walked: this.#walked,
        rate: this.#phase === 'moving' ? rateOf(this.#samples) : 0,
        movingMs: this.#movedMs + (this.#movingSinceMs === undefined ? 0 : nowMs - this.#movingSinceMs),
        error: this.#error === undefined ? undefined : toWireError(this.#error),
        failures: this.#failures,
      },
    };
  }

  async #walkOn(): Promise<void> {
    this.#isWalking = true;
    try {
      this.#walk ??= walkAll(this.#walkContext());
      this.#units ??= packed(this.#walk);
      for (let enter = true; ; ) {
        const step = await this.#units.next(enter);
        if (this.#abort.signal.aborted) return;
        if (step.done === true) {
          this.#walked = true;
          return;
        }
        const item = step.value;
        if (item.kind === 'folder') enter = await this.#enter(item.below);
        else if (item.kind === 'refused') this.#fail(item, item.error);
        else {
          this.#totalFiles += item.items.length;
          for (const { size } of item.items) this.#totalBytes += size;
          this.#found = item.items;
          return;
        }
      }
    } catch (thrown) {
      if (!this.#abort.signal.aborted) {
        this.#walked = true;
        this.#isLost = true;
        this.#error ??= asFerryError(thrown);
      }
    } finally {
      this.#isWalking = false;
      this.#context.onChange();
      this.#endIfDone();
    }
  }

  #walkContext(): WalkContext {
    const { remote } = this.#context;
    return { order: this.order, remote, openRoot: () => this.#root.open(), signal: this.#abort.signal };
  }

  /** Whether what is in the folder can be moved. One that cannot be made counts as failed and stops no other. */
  async #enter(below: Path): Promise<boolean> {
    try {
      if (await makeFolder(this.#walkContext(), below))
        this.#context.onArrival(parentPath(joinPath(this.order.target, ...below)));
      return true;
    } catch (thrown) {
      if (this.#abort.signal.aborted) throw thrown;
      const error = asFerryError(thrown);
      this.#fail({ kind: 'refused', below, error }, error);
      return false;
    }
  }

  async #move(items: readonly [FileItem, ...FileItem[]]): Promise<void> {
    const places = items.length === 1 ? 1 : packPlaces;
    this.#inFlight += places;
    const { signal } = this.#abort;
    try {
      const [first, ...others] = items;
      const outcomes =
        others.length === 0
          ? ['again' as const]
          : await movePack(this.#moveContext(), items, this.#transferContext());
      for (const [i, item] of items.entries()) {
        const outcome = outcomes[i] ?? 'again';
        if (outcome instanceof FerryError) this.#fail(item, outcome);
        else if (outcome !== 'again') this.#ended(item, outcome);
        else await this.#moveOne(others.length === 0 ? first : item);
      }
    } catch (thrown) {
      if (!signal.aborted) for (const item of items) this.#fail(item, asFerryError(thrown));
    } finally {
      this.#inFlight -= places;
      this.#context.onChange();
      this.#endIfDone();
    }
  }

  async #moveOne(item: FileItem): Promise<void> {
    const { signal } = this.#abort;
    try {
      this.#ended(item, await moveFile(this.#moveContext(), item, this.#transferContext()));
    } catch (thrown) {
      if (!signal.aborted) this.#fail(item, asFerryError(thrown));
    }
  }

  #ended(item: FileItem, result: FileResult): void {
    this.#doneFiles += 1;
    if (result === 'skipped') {
      this.#skippedFiles += 1;
      this.#totalBytes -= item.size;
    } else {
      this.#context.onArrival(parentPath(joinPath(this.order.target, ...item.below)));
    }
  }

  #moveContext(): MoveContext {
    return { order: this.order, root: this.#root.open() };
  }

  #transferContext(): TransferContext {
    const { lanes, pool, remote, writesBeside, resumed, onProgress } = this.#context;
    return {
      lanes,
      pool,
      gate: this.#gate,
      existing: this.#existing,
      signal: this.#abort.signal,
      statRemote: (path, signal) => remote.stat(path, { signal }),
      writesBeside,
      resumed,
      onDigest: (digest) => {
        if (this.order.kind === EntryKind.file) this.#digest = Buffer.from(digest).toString('hex');
      },
      onBytes: (bytes) => {
        this.#doneBytes += bytes;
        onProgress();
      },
    };
  }

  #fail(item: FailedItem, error: FerryError): void {
    this.#failedFiles += 1;
    this.#error ??= error;
    this.#failed.push(item);
    if (this.#failures.length < failuresTold) {
      const failure = { source: joinPath(this.order.source, ...item.below), error: toWireError(error) };
      this.#failures = [...this.#failures, failure];
    }
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.#isWalking;
  }

  /** Resolves when nothing of it is under way: what was cancelled has then been removed. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #endIfDone(): void {
    if (!this.isIdle) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
    if (this.#phase === 'moving' && this.#walked && this.#found === undefined) {
      this.#stopClock();
      this.#phase = this.#error === undefined ? 'done' : 'failed';
      this.#context.onChange();
    }
    if (isOver(this.#phase) || this.#isStopped) this.#root.close();
  }

  #stopClock(): void {
    if (this.#movingSinceMs !== undefined) this.#movedMs += performance.now() - this.#movingSinceMs;
    this.#movingSinceMs = undefined;
    this.#samples = [];
  }
}
