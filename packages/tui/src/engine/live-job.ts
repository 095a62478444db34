/**
 * One job at work: its walk, its files in flight, its counters, its phase. Knows how a whole job goes on and ends; moving a
 * single file is transfer/'s. I/O thread.
 */

import {
  asFerryError,
  baseName,
  Code,
  type Entry,
  EntryKind,
  FerryError,
  joinPath,
  type Path,
  parentPath,
  rootPath,
  toWireError,
} from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import * as disk from '@ferry/protocol/disk';
import type { Lanes } from '../client/lanes.ts';
import type { FileResult, TransferContext } from '../transfer/context.ts';
import { download } from '../transfer/download.ts';
import { Gate } from '../transfer/gate.ts';
import { type PlanItem, plan } from '../transfer/plan.ts';
import { addSample, type RateSample, rateOf } from '../transfer/progress.ts';
import { upload } from '../transfer/upload.ts';
import type { Existing, FileFailure, Job, JobId, JobOrder, JobPhase } from './job.ts';
import { isOver } from './job.ts';
import { diskPath } from './local-source.ts';
import type { FileSource } from './source.ts';

/** Failures that are told one by one; the rest is counted. */
const failuresTold = 100;

export type LiveJobContext = {
  readonly remote: FileSource;
  readonly lanes: Lanes;
  readonly pool: BlockPool;
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
  readonly #context: LiveJobContext;
  readonly #gate = new Gate();
  #existing: Existing;
  #abort = new AbortController();
  #phase: JobPhase = 'waiting';
  /** What is left of the walk; undefined before it has begun. */
  #walk: AsyncIterator<PlanItem> | undefined;
  #isWalking = false;
  #walked = false;
  /** Found and not begun; at most one, the walk waits for it to be taken. */
  #found: FileItem | undefined;
  #inFlight = 0;
  /** The user's folder on this machine, open while files move. */
  #root: disk.Root | undefined;
  #failed: FileItem[] = [];
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
    if (this.#phase !== 'waiting' && this.#phase !== 'moving') return false;
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
    if (this.#inFlight > 0) this.#begin();
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

  /** Goes over what failed once more. */
  retry(existing: Existing = this.#existing): void {
    if (this.#phase !== 'failed') return;
    this.#existing = existing;
    const again = this.#failed;
    this.#failed = [];
    this.#failures = [];
    this.#failedFiles = 0;
    this.#error = undefined;
    this.#abort = new AbortController();
    this.#phase = 'waiting';
    if (this.#walked && again.length > 0) {
      this.#totalFiles -= again.length;
      this.#totalBytes -= again.reduce((sum, { size }) => sum + size, 0);
      this.#walk = oneByOne(again);
    } else {
      this.#walk = undefined;
      this.#doneBytes = this.#totalBytes = this.#doneFiles = this.#totalFiles = this.#skippedFiles = 0;
    }
    this.#walked = false;
    this.#context.onChange();
  }

  snapshot(): Job {
    const nowMs = performance.now();
    if (this.#phase === 'moving')
      this.#samples = addSample(this.#samples, { ms: nowMs, bytes: this.#doneBytes });
    return {
      ...this.order,
      existing: this.#existing,
      id: this.id,
      phase: this.#phase,
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
    };
  }

  async #walkOn(): Promise<void> {
    this.#isWalking = true;
    try {
      this.#walk ??= this.#planned();
      for (;;) {
        const step = await this.#walk.next();
        if (this.#abort.signal.aborted) return;
        if (step.done === true) {
          this.#walked = true;
          return;
        }
        const item = step.value;
        if (item.kind === 'folder') await this.#makeFolder(item.below);
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
        this.#error ??= asFerryError(thrown);
      }
    } finally {
      this.#isWalking = false;
      this.#context.onChange();
      this.#endIfDone();
    }
  }

  async *#planned(): AsyncGenerator<PlanItem, void, void> {
    const { source, kind, direction } = this.order;
    const { remote } = this.#context;
    const { signal } = this.#abort;
    if (direction === 'upload') {
      const root = this.#openRoot();
      const size = kind === EntryKind.file ? disk.stat(root, lastOf(source)).size : 0;
      const list = async (folder: Path) => [...disk.list(root, folder)].flat();
      yield* plan(lastOf(source), kind, size, list, signal);
      return;
    }
    this.#openRoot();
    const size = kind === EntryKind.file ? (await remote.stat(source, { signal })).size : 0;
    const list = async (folder: Path) => {
      const pages: (readonly Entry[])[] = [];
      await remote.list(folder, (page) => pages.push(page), { signal });
      return pages.flat();
    };
    yield* plan(source, kind, size, list, signal);
  }

  /** The folder of this machine that holds the job's source or target. */
  #openRoot(): disk.Root {
    const { direction, source, target } = this.order;
    this.#root ??= disk.Root.open(diskPath(parentPath(direction === 'upload' ? source : target)));
    return this.#root;
  }

  /** On the receiving side. A folder that is there already is used. */
  async #makeFolder(below: Path): Promise<void> {
    const { direction, target } = this.order;
    const path = joinPath(target, ...below);
    try {
      if (direction === 'upload') await this.#context.remote.mkdir(path, { signal: this.#abort.signal });
      else disk.mkdir(this.#openRoot(), joinPath(lastOf(target), ...below));
      this.#context.onArrival(parentPath(path));
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.EXISTS) throw error;
      const there =
        direction === 'upload'
          ? await this.#context.remote.stat(path, { signal: this.#abort.signal })
          : disk.stat(this.#openRoot(), joinPath(lastOf(target), ...below));
      if (there.kind !== EntryKind.folder) throw error;
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

  #moveFile({ below }: FileItem, context: TransferContext): Promise<FileResult> {
    const { direction, source, target } = this.order;
    const root = this.#openRoot();
    return direction === 'download'
      ? download(
          { root, source: joinPath(source, ...below), target: joinPath(lastOf(target), ...below) },
          context,
        )
      : upload(
          { root, source: joinPath(lastOf(source), ...below), target: joinPath(target, ...below) },
          context,
        );
  }

  #fail(item: PlanItem, error: FerryError): void {
    this.#failedFiles += 1;
    this.#error ??= error;
    if (item.kind === 'file') this.#failed.push(item);
    if (this.#failures.length < failuresTold) {
      const failure = { source: joinPath(this.order.source, ...item.below), error: toWireError(error) };
      this.#failures = [...this.#failures, failure];
    }
  }

  #endIfDone(): void {
    if (this.#inFlight > 0 || this.#isWalking) return;
    if (this.#phase === 'moving' && this.#walked && this.#found === undefined) {
      this.#stopClock();
      this.#phase = this.#error === undefined ? 'done' : 'failed';
      this.#context.onChange();
    }
    if (isOver(this.#phase)) this.#closeRoot();
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

async function* oneByOne(items: readonly PlanItem[]): AsyncGenerator<PlanItem, void, void> {
  yield* items;
}

function lastOf(path: Path): Path {
  const name = baseName(path);
  return name === undefined ? rootPath : [name];
}
