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
import * as disk from '@ferry/protocol/disk';
import type { Lanes } from '../client/lanes.ts';
import type { FileResult, TransferContext } from '../transfer/context.ts';
import { download } from '../transfer/download.ts';
import { Gate } from '../transfer/gate.ts';
import type { PlanItem } from '../transfer/plan.ts';
import { addSample, type RateSample, rateOf } from '../transfer/progress.ts';
import { upload } from '../transfer/upload.ts';
import type { Existing, FileFailure, JobId, JobOrder, JobPhase, LiveView } from './job.ts';
import { isOver } from './job.ts';
import { diskPath } from './local-source.ts';
import type { FileSource } from './source.ts';
import {
  type FailedItem,
  lastOf,
  makeFolder,
  type Walk,
  type WalkContext,
  walkAgain,
  walkAll,
} from './walk.ts';

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

type FileItem = PlanItem & { readonly kind: 'file' };

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
  /** Found and not begun; at most one, the walk waits for it to be taken. */
  #found: FileItem | undefined;
  #inFlight = 0;
  /** The user's folder on this machine, open while files move. */
  #root: disk.Root | undefined;
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
    const item = this.#found;
    if (item === undefined) {
      void this.#walkOn();
      return;
    }
    this.#found = undefined;
    void this.#move(item);
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

  /** Leaves off for whoever moves it next and goes on with partial files; this one never does. */
  stop(): void {
    if (isOver(this.#phase) || this.#isStopped) return;
    this.#stopClock();
    this.#phase = 'waiting';
    this.#isStopped = true;
    this.#gate.open();
    this.#abort.abort(new FerryError(Code.SHUTTING_DOWN, 'this program ends'));
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
      for (let enter = true; ; ) {
        const step = await this.#walk.next(enter);
        if (this.#abort.signal.aborted) return;
        if (step.done === true) {
          this.#walked = true;
          return;
        }
        const item = step.value;
        if (item.kind === 'folder') enter = await this.#enter(item.below);
        else if (item.kind === 'refused') this.#fail(item, item.error);
        else {
          this.#totalFiles += 1;
          this.#totalBytes += item.size;
          this.#found = item;
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
    return { order: this.order, remote, openRoot: () => this.#openRoot(), signal: this.#abort.signal };
  }

  /** The folder of this machine that holds the job's source or target. */
  #openRoot(): disk.Root {
    const { direction, source, target } = this.order;
    this.#root ??= disk.Root.open(diskPath(parentPath(direction === 'upload' ? source : target)));
    return this.#root;
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

  async #move(item: FileItem): Promise<void> {
    this.#inFlight += 1;
    const { signal } = this.#abort;
    try {
      const result = await this.#moveFile(item, {
        lanes: this.#context.lanes,
        pool: this.#context.pool,
        gate: this.#gate,
        existing: this.#existing,
        signal,
        writesBeside: this.#context.writesBeside,
        resumed: this.#context.resumed,
        statRemote: (path, during) => this.#context.remote.stat(path, { signal: during }),
        onDigest: (digest) => {
          if (this.order.kind === EntryKind.file) this.#digest = Buffer.from(digest).toString('hex');
        },
        onBytes: (bytes) => {
          this.#doneBytes += bytes;
          this.#context.onProgress();
        },
      });
      this.#doneFiles += 1;
      if (result === 'skipped') {
        this.#skippedFiles += 1;
        this.#totalBytes -= item.size;
      } else {
        this.#context.onArrival(parentPath(joinPath(this.order.target, ...item.below)));
      }
    } catch (thrown) {
      if (!signal.aborted) this.#fail(item, asFerryError(thrown));
    } finally {
      this.#inFlight -= 1;
      this.#context.onChange();
      this.#endIfDone();
    }
  }

  #moveFile({ below, size, facts }: FileItem, context: TransferContext): Promise<FileResult> {
    const { direction, source, target } = this.order;
    const root = this.#openRoot();
    return direction === 'download'
      ? download(
          {
            root,
            source: joinPath(source, ...below),
            target: joinPath(lastOf(target), ...below),
            size,
            facts,
          },
          context,
        )
      : upload(
          { root, source: joinPath(lastOf(source), ...below), target: joinPath(target, ...below) },
          context,
        );
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
    if (isOver(this.#phase) || this.#isStopped) this.#closeRoot();
  }

  /** Nothing of ours stays behind in the user's folder. */
  #closeRoot(): void {
    const root = this.#root;
    this.#root = undefined;
    if (root === undefined) return;
    try {
      if (this.order.direction === 'download') new disk.Staging(root).removeIfEmpty();
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
    } finally {
      root.close();
    }
  }

  #stopClock(): void {
    if (this.#movingSinceMs !== undefined) this.#movedMs += performance.now() - this.#movingSinceMs;
    this.#movingSinceMs = undefined;
    this.#samples = [];
  }
}
