/**
 * In the place of engine/live-job.ts, for simulations of the queue: a job whose files take as long and end as the story says,
 * and who tells the witness what was really done.
 */

import { Code, FerryError, toWireError } from '@ferry/protocol';
import type { JobId, JobOrder, JobPhase, LiveView } from '../../../packages/tui/src/engine/job.ts';
import type { LiveJob as RealJob } from '../../../packages/tui/src/engine/live-job.ts';
import type { LiveJobContext } from '../../../packages/tui/src/engine/live-job-context.ts';
import type { Answer, ConflictRule, Question } from '../../../packages/tui/src/transfer/conflict.ts';
import { patience, restMs } from '../../../packages/tui/src/transfer/retry.ts';
import { type Process, type Timer, world } from '../world.ts';
import { type Story, witness } from './witness.ts';

type Surface = Pick<RealJob, keyof RealJob>;

/** A file under way. */
type Task = { readonly file: number; failures: number; timer: Timer | undefined };

export class LiveJob implements Surface {
  readonly id: JobId;
  readonly order: JobOrder;
  readonly #context: LiveJobContext;
  readonly #process: Process = world().current;
  #phase: JobPhase = 'waiting';
  #isStopped = false;
  #next = 0;
  #again: number[] = [];
  readonly #tasks = new Set<Task>();
  #done = 0;
  #failed: number[] = [];
  #error: FerryError | undefined;
  #question: Question | undefined;
  #tidying = 0;
  #rule: ConflictRule;
  #onIdle: (() => void)[] = [];

  constructor(id: JobId, order: JobOrder, context: LiveJobContext) {
    this.id = id;
    this.order = order;
    this.#context = context;
    this.#rule = { policy: order.existing };
    this.#take(this.#rule);
    witness().begins(this.#process, this, context.resumed);
  }

  set limit(_: number | undefined) {}

  get phase(): JobPhase {
    return this.#phase;
  }

  get question(): Question | undefined {
    return this.#phase === 'failed' || this.#phase === 'cancelled' ? undefined : this.#question;
  }

  get inFlight(): number {
    return this.#phase === 'paused' ? 0 : this.#tasks.size;
  }

  get ready(): boolean {
    if (this.#isStopped || (this.#phase !== 'waiting' && this.#phase !== 'moving')) return false;
    return this.#again.length > 0 || this.#next < this.#story.files;
  }

  #take(rule: ConflictRule): void {
    this.#rule = rule;
    if (rule.policy === 'overwrite') this.#story.overwrite();
  }

  get #story(): Story {
    return witness().story(this.order);
  }

  startNext(): void {
    witness().starts(this.#process, this.id);
    this.#become('moving');
    const file = this.#again.pop() ?? this.#next++;
    const task: Task = { file, failures: 0, timer: undefined };
    this.#tasks.add(task);
    this.#goOn(task, this.#story.fileMs);
    this.#context.onChange();
  }

  #become(phase: JobPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#context.onChange();
  }

  #goOn(task: Task, ms: number): void {
    witness().works(this.#process, this.id);
    task.timer = world().timer(() => this.#verdict(task), ms);
  }

  #verdict(task: Task): void {
    task.timer = undefined;
    // At the gate.
    if (this.#phase === 'paused') return;
    const verdict = this.#story.verdict(task.file);
    world().trace(() => `job ${this.id}: file ${task.file} ${verdict}`);
    if (verdict === 'transient') {
      task.failures += 1;
      if (task.failures <= patience) {
        this.#goOn(task, restMs(task.failures, undefined) + this.#story.fileMs);
        return;
      }
    }
    if (verdict === 'stall') {
      this.#goOn(task, 15_000);
      return;
    }
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) witness().rests(this.#process, this.id);
    if (verdict === 'done') {
      witness().delivers(this.#process, this, task.file);
      this.#done += 1;
      this.#context.onArrival([]);
    } else if (verdict === 'taken' && this.#context.mayAsk && this.#rule.policy === 'ask') {
      this.#question ??= questionOf(this.id, this.order);
      this.#failed.push(task.file);
    } else {
      this.#failed.push(task.file);
      this.#error ??= new FerryError(
        verdict === 'transient' ? Code.CONNECTION_LOST : verdict === 'taken' ? Code.EXISTS : Code.NOT_FOUND,
        'the story says so',
      );
    }
    this.#context.onProgress();
    this.#context.onChange();
    this.#endIfDone();
  }

  pause(): void {
    if (this.#phase !== 'waiting' && this.#phase !== 'moving') return;
    this.#become('paused');
  }

  resume(): void {
    if (this.#phase !== 'paused') return;
    this.#phase = 'waiting';
    for (const task of this.#tasks) if (task.timer === undefined) this.#goOn(task, 1);
    // Also when the last file came to its end during the pause.
    if (this.#tasks.size > 0 || !this.ready) this.#become('moving');
    this.#context.onChange();
    this.#endIfDone();
  }

  cancel(): void {
    if (this.#phase === 'cancelled' || this.#phase === 'done') return;
    this.#phase = 'cancelled';
    this.#abandon();
    this.#context.onChange();
  }

  stop(): void {
    if (this.#phase === 'done' || this.#phase === 'failed' || this.#phase === 'cancelled' || this.#isStopped)
      return;
    this.#phase = 'waiting';
    this.#isStopped = true;
    this.#abandon();
  }

  /** What is under way takes a moment to be removed. */
  #abandon(): void {
    for (const { timer } of this.#tasks) if (timer !== undefined) timer.isOff = true;
    if (this.#tasks.size === 0) return;
    this.#tasks.clear();
    witness().rests(this.#process, this.id);
    this.#tidying += 1;
    world().timer(
      () => {
        this.#tidying -= 1;
        this.#context.onChange();
        this.#endIfDone();
      },
      world().random(world().chance(20) ? 900 : 50),
    );
  }

  answer(answer: Answer): void {
    if (this.#question === undefined || this.#isStopped) return;
    this.#question = undefined;
    if (answer.policy === 'overwrite') this.#story.overwrite();
    this.#again.push(...this.#failed.splice(0));
    this.#context.onChange();
  }

  set rule(rule: ConflictRule) {
    this.#take(rule);
    if (this.#question !== undefined && rule.policy !== 'ask') {
      this.#question = undefined;
      this.#again.push(...this.#failed.splice(0));
    }
    this.#context.onChange();
  }

  retry(rule: ConflictRule = this.#rule): void {
    if (this.#phase !== 'failed') return;
    this.#take(rule);
    this.#again.push(...this.#failed.splice(0));
    this.#error = undefined;
    this.#phase = 'waiting';
    this.#context.onChange();
  }

  snapshot(): LiveView {
    return {
      phase: this.#phase,
      existing: this.#rule.policy,
      question: this.question,
      digest: undefined,
      figures: {
        doneBytes: this.#done,
        totalBytes: this.#story.files,
        doneFiles: this.#done,
        totalFiles: this.#story.files,
        skippedFiles: 0,
        failedFiles: this.#failed.length,
        walked: true,
        rate: 0,
        movingMs: 0,
        error: this.#error === undefined ? undefined : toWireError(this.#error),
        failures: [],
      },
    };
  }

  get isIdle(): boolean {
    return this.#tasks.size === 0 && this.#tidying === 0;
  }

  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #endIfDone(): void {
    if (!this.isIdle) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
    if (this.#phase !== 'moving' || this.ready) return;
    if (this.#question !== undefined) this.#become('waiting');
    else this.#become(this.#error === undefined ? 'done' : 'failed');
  }
}

function questionOf(job: JobId, { direction, source, target }: JobOrder): Question {
  const side = { kind: 1, size: 1, modified: [0, 0] } as unknown as Question['source'];
  const places = { sourcePath: source, targetPath: target, source: side, target: side };
  return { job, direction, ...places, why: 'exists', answers: ['overwrite', 'skip'] };
}
