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
import type { Answer, ConflictRule, Question } from '../transfer/conflict.ts';
import { Gate } from '../transfer/gate.ts';
import { Limiter } from '../transfer/pace.ts';
import { type FileItem, packed, type Unit } from '../transfer/packs.ts';
import type { PlanItem } from '../transfer/plan.ts';
import { keepOwner, lostBits, moveLink } from './fidelity.ts';
import type { JobId, JobOrder, JobPhase, LiveView } from './job.ts';
import { isOver } from './job.ts';
import { JobClock } from './job-clock.ts';
import { type Files, JobFiles } from './job-files.ts';
import { JobFolders } from './job-folders.ts';
import { JobRoot } from './job-root.ts';
import type { LiveJobContext } from './live-job-context.ts';
import { packPlaces } from './move.ts';
import { TakenNames } from './taken-names.ts';
import { Tally } from './tally.ts';
import { type FailedItem, type Walk, type WalkContext, walkAgain, walkAll } from './walk.ts';

export class LiveJob {
  readonly id: JobId;
  readonly order: JobOrder;
  readonly #limiter = new Limiter(undefined);
  readonly #context: LiveJobContext;
  readonly #gate = new Gate();
  readonly #tally = new Tally();
  readonly #files: JobFiles;
  #abort = new AbortController();
  #phase: JobPhase = 'waiting';
  /** What is left of the walk; undefined before it has begun. */
  #walk: Walk | undefined;
  #isWalking = false;
  #walked = false;
  /** Found and not begun: one file or a pack of small ones; the walk waits for it to be taken. */
  #found: Files | undefined;
  #units: AsyncGenerator<Unit, void, boolean | undefined> | undefined;
  #inFlight = 0;
  /** The user's folder on this machine, open while files move. */
  readonly #root: JobRoot;
  #failed: FailedItem[] = [];
  /** The walk broke off: not even all names of what is to be moved are known. */
  #isLost = false;
  readonly #folders: JobFolders;
  #isStopped = false;
  #digest: string | undefined;
  #error: FerryError | undefined;
  readonly #clock = new JobClock();
  #onIdle: (() => void)[] = [];

  constructor(id: JobId, order: JobOrder, context: LiveJobContext) {
    this.id = id;
    this.order = order;
    this.#context = context;
    this.#root = new JobRoot(order);
    const { lanes, resumed, onArrival } = context;
    const walk = (): WalkContext => this.#walkContext();
    const onLost = (below: Path, what: string): void => this.#lose(below, what);
    this.#folders = new JobFolders({ walk, resumed, onArrival, onLost });
    this.#files = new JobFiles({
      order,
      context,
      walk,
      names: new TakenNames({ job: id, lanes, resumed, walk }),
      gate: this.#gate,
      limiter: this.#limiter,
      onBytes: (bytes) => {
        this.#tally.doneBytes += bytes;
        context.onProgress();
      },
      onDigest: (digest) => {
        if (order.kind === EntryKind.file) this.#digest = Buffer.from(digest).toString('hex');
      },
      onEnded: (item, result) => this.#ended(item, result),
      onFailed: (item, error) => this.#fail(item, error),
      onLost,
    });
  }

  /** Bytes per second that it may take; undefined: as much as there is. Acts at once. */
  set limit(bytesPerSecond: number | undefined) {
    this.#limiter.setRate(bytesPerSecond);
  }

  get phase(): JobPhase {
    return this.#phase;
  }

  /** The first name that is taken and that nobody has said what to do about. */
  get question(): Question | undefined {
    return isOver(this.#phase) ? undefined : this.#files.question;
  }

  /** Files that take up places; those of a paused job do not. */
  get inFlight(): number {
    return this.#phase === 'paused' ? 0 : this.#inFlight;
  }

  /** Whether `startNext` would do something. */
  get ready(): boolean {
    if (this.#isStopped || (this.#phase !== 'waiting' && this.#phase !== 'moving')) return false;
    if (this.#files.hasAnswered) return true;
    return this.#found !== undefined || (!this.#isWalking && !this.#walked && !this.#files.asksTooMuch);
  }

  /** Takes the next step: begins a file, or walks on to find one. */
  startNext(): void {
    this.#begin();
    if (this.#files.hasAnswered) {
      void this.#move(1, () => this.#files.moveAnswered());
      return;
    }
    const items = this.#found;
    if (items === undefined) {
      void this.#walkOn();
      return;
    }
    this.#found = undefined;
    const places = items.length === 1 ? 1 : packPlaces;
    void this.#move(places, () => this.#files.move(items));
    if (!this.#walked && !this.#files.asksTooMuch) void this.#walkOn();
  }

  #begin(): void {
    if (this.#phase === 'moving') return;
    this.#phase = 'moving';
    this.#clock.start(performance.now());
    this.#context.onChange();
  }

  pause(): void {
    if (this.#phase !== 'waiting' && this.#phase !== 'moving') return;
    this.#clock.stop(performance.now());
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
    this.#clock.stop(performance.now());
    this.#phase = 'cancelled';
    this.#gate.open();
    this.#abort.abort();
    this.#endIfDone();
    this.#context.onChange();
  }

  /** Leaves off for whoever moves it next: what can be gone on with stays, and this one never goes on. */
  stop(): void {
    if (isOver(this.#phase) || this.#isStopped) return;
    this.#clock.stop(performance.now());
    this.#phase = 'waiting';
    this.#isStopped = true;
    this.#gate.open();
    this.#abort.abort(new FerryError(Code.SHUTTING_DOWN, 'ferry ends'));
    this.#endIfDone();
  }

  /** To the question that its view shows; ignored where there is none. Only what is `this` or `job` of its scope is heeded. */
  answer(answer: Answer): void {
    if (this.question === undefined || this.#isStopped) return;
    this.#files.answer(answer);
    this.#context.onChange();
  }

  /** For all names that are taken from now on, and those that are asked about. */
  set rule(rule: ConflictRule) {
    this.#files.rule = rule;
    this.#context.onChange();
  }

  /** Goes over what failed once more. */
  retry(rule: ConflictRule = this.#files.rule): void {
    if (this.#phase !== 'failed') return;
    this.#files.forget();
    this.#files.rule = rule;
    const again = this.#failed;
    const isLost = this.#isLost;
    this.#failed = [];
    this.#tally.forgive();
    this.#error = undefined;
    this.#isLost = false;
    this.#abort = new AbortController();
    this.#phase = 'waiting';
    if (isLost) {
      this.#walk = undefined;
      this.#tally.restart();
    } else {
      const files = again.filter((item) => item.kind === 'file');
      this.#tally.totalFiles -= files.length;
      this.#tally.totalBytes -= files.reduce((sum, { size }) => sum + size, 0);
      this.#walk = walkAgain(this.#walkContext(), again);
    }
    this.#units = undefined;
    this.#walked = false;
    this.#context.onChange();
  }

  snapshot(): LiveView {
    const nowMs = performance.now();
    if (this.#phase === 'moving') this.#clock.sample(nowMs, this.#tally.doneBytes);
    return {
      phase: this.#phase,
      existing: this.#files.rule.policy,
      question: this.question,
      digest: this.#digest,
      figures: {
        ...this.#tally.figures(),
        walked: this.#walked,
        rate: this.#phase === 'moving' ? this.#clock.rate : 0,
        movingMs: this.#clock.movingMs(nowMs),
        error: this.#error === undefined ? undefined : toWireError(this.#error),
      },
    };
  }

  async #walkOn(): Promise<void> {
    this.#isWalking = true;
    try {
      this.#walk ??= walkAll(this.#walkContext());
      this.#units ??= packed(this.#walk, () => Math.min(this.#limiter.grain, this.#context.bandwidth.grain));
      for (let enter = true; ; ) {
        const step = await this.#units.next(enter);
        if (this.#abort.signal.aborted) return;
        if (step.done === true) {
          this.#walked = true;
          return;
        }
        const item = step.value;
        if (item.kind === 'folder') enter = await this.#enter(item);
        else if (item.kind === 'link') await this.#moveLink(item);
        else if (item.kind === 'refused') this.#fail(item, item.error);
        else {
          this.#tally.totalFiles += item.items.length;
          for (const { size } of item.items) this.#tally.totalBytes += size;
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
    const { order } = this;
    const { remote, owners, origin } = this.#context;
    return { order, remote, owners, origin, openRoot: () => this.#root.open(), signal: this.#abort.signal };
  }

  /** Whether what is in the folder can be moved. One that cannot be made counts as failed and stops no other. */
  async #enter(folder: PlanItem & { readonly kind: 'folder' }): Promise<boolean> {
    try {
      await this.#folders.enter(folder);
      return true;
    } catch (thrown) {
      if (this.#abort.signal.aborted) throw thrown;
      const error = asFerryError(thrown);
      this.#fail({ kind: 'refused', below: folder.below, error }, error);
      return false;
    }
  }

  async #moveLink(item: PlanItem & { readonly kind: 'link' }): Promise<void> {
    this.#tally.totalFiles += 1;
    try {
      const moved = await moveLink(this.#walkContext(), item.below, this.#files.rule.policy);
      if (moved.outcome === 'lost') {
        this.#tally.totalFiles -= 1;
        this.#lose(item.below, moved.what);
        return;
      }
      const lost = await keepOwner(this.#walkContext(), item.below);
      if (lost !== undefined) this.#lose(item.below, lost);
      this.#tally.doneFiles += 1;
      if (moved.outcome === 'skipped') this.#tally.skippedFiles += 1;
      else this.#context.onArrival(parentPath(joinPath(this.order.target, ...item.below)));
    } catch (thrown) {
      if (this.#abort.signal.aborted) throw thrown;
      this.#fail(item, asFerryError(thrown));
    }
  }

  #lose(below: Path, what: string): void {
    if (this.order.strict === true) {
      const error = new FerryError(Code.NOT_REGULAR, `not kept: ${what}`);
      this.#fail({ kind: 'refused', below, error }, error);
      return;
    }
    this.#tally.lose({ source: joinPath(this.order.source, ...below), what });
  }

  /** Everything has been moved: last of all what putting files into folders has changed of these. */
  async #finishFolders(): Promise<void> {
    this.#isWalking = true;
    try {
      await this.#folders.finish();
    } catch (thrown) {
      if (!this.#abort.signal.aborted) this.#error ??= asFerryError(thrown);
    }
    this.#isWalking = false;
    this.#endIfDone();
  }

  async #move(places: number, move: () => Promise<void>): Promise<void> {
    this.#inFlight += places;
    try {
      await move();
    } finally {
      this.#inFlight -= places;
      this.#context.onChange();
      this.#endIfDone();
    }
  }

  #ended(item: FileItem, result: 'moved' | 'skipped'): void {
    this.#tally.doneFiles += 1;
    if (result === 'skipped') {
      this.#tally.skippedFiles += 1;
      this.#tally.totalBytes -= item.size;
    } else {
      const lost = lostBits(item.mode);
      if (lost !== undefined) this.#lose(item.below, lost);
      this.#context.onArrival(parentPath(joinPath(this.order.target, ...item.below)));
    }
  }

  #fail(item: FailedItem, error: FerryError): void {
    this.#error ??= error;
    this.#failed.push(item);
    this.#tally.fail({ source: joinPath(this.order.source, ...item.below), error: toWireError(error) });
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
    if (this.#phase === 'moving' && this.#files.question !== undefined && !this.ready) {
      // Only an answer is missing.
      this.#clock.stop(performance.now());
      this.#phase = 'waiting';
      this.#context.onChange();
      return;
    }
    if (this.#phase === 'moving' && this.#walked && this.#found === undefined && !this.#files.hasAnswered) {
      if (this.#folders.wantFacts) {
        void this.#finishFolders();
        return;
      }
      this.#clock.stop(performance.now());
      this.#phase = this.#error === undefined ? 'done' : 'failed';
      this.#context.onChange();
    }
    if (isOver(this.#phase) || this.#isStopped) this.#root.close();
  }
}
