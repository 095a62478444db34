/**
 * Which blocks of a download are to be asked for, and which were asked for and are not there: on how many lanes and since
 * when. Pure; time is a parameter. Held by incoming.ts; I/O thread.
 */

import { limits } from '@ferry/protocol';

/** A block that is this late is asked for on an idle lane as well, when nothing else is left to ask for. Milliseconds. */
export const lateMs = 400;

type Run = { next: number; end: number };

export class BlockClaims {
  /** Blocks of the file; 0 before anything is known of it. */
  #blocks = 0;
  #had: ReadonlySet<number> = new Set();
  /** Blocks never taken on begin here… */
  #next = 0;
  /** What lanes have taken on of those before, so that each reads in order, and have not asked for yet. */
  readonly #runs = new Map<object, Run>();
  /** …and these were asked for in vain. */
  readonly #again: number[] = [];
  readonly #out = new Map<number, { readonly sinceMs: number; lanes: number }>();

  /** Begins with a file of so many blocks. */
  begin(blocks: number): void {
    this.#blocks = blocks;
    for (const run of this.#runs.values()) run.end = Math.min(run.end, blocks);
    for (const index of this.#out.keys()) if (index >= blocks) this.#out.delete(index);
  }

  /** The first `count` were asked for before anything was known. */
  skip(count: number): void {
    this.#next = Math.min(count, this.#blocks);
  }

  /** Those that are there already. */
  get had(): ReadonlySet<number> {
    return this.#had;
  }

  set had(indices: ReadonlySet<number>) {
    this.#had = indices;
  }

  /** Forgets all but what is there. */
  forget(): void {
    this.#blocks = 0;
    this.#next = 0;
    this.#runs.clear();
    this.#again.length = 0;
    this.#out.clear();
  }

  get isWaiting(): boolean {
    return this.#out.size > 0;
  }

  hasWork(nowMs: number): boolean {
    return (
      this.#again.length > 0 ||
      this.#hasFresh() ||
      this.#longest() !== undefined ||
      this.claimLate(nowMs) !== undefined
    );
  }

  /** Blocks that nobody owes; with some that are there already, while those are not reached. */
  get free(): number {
    let free = this.#blocks - this.#next + this.#again.length;
    for (const { next, end } of this.#runs.values()) free += end - next;
    return free;
  }

  #hasFresh(): boolean {
    while (this.#next < this.#blocks && this.#had.has(this.#next)) this.#next += 1;
    return this.#next < this.#blocks;
  }

  /** Neighbouring blocks for this lane, at most `most`. */
  claim(most: number, lane: object): number[] | undefined {
    const again = this.#again.pop();
    if (again !== undefined) return [again];
    const own = this.#runs.get(lane);
    const run = this.#hasLeft(own) ? own : (this.#freshRun() ?? this.#halfOfLongest());
    if (run === undefined) return undefined;
    this.#runs.set(lane, run);
    const first = run.next;
    while (run.next < run.end && run.next - first < most && !this.#had.has(run.next)) run.next += 1;
    return Array.from({ length: run.next - first }, (_, i) => first + i);
  }

  #freshRun(): Run | undefined {
    if (!this.#hasFresh()) return undefined;
    const next = this.#next;
    this.#next = Math.min(this.#blocks, (Math.floor(next / limits.readBlocks) + 1) * limits.readBlocks);
    return { next, end: this.#next };
  }

  /** Where nothing is fresh any more, the others help. */
  #halfOfLongest(): Run | undefined {
    const longest = this.#longest();
    if (longest === undefined) return undefined;
    const middle = Math.floor((longest.next + longest.end) / 2);
    const half = { next: middle, end: longest.end };
    longest.end = middle;
    return this.#hasLeft(half) ? half : this.#halfOfLongest();
  }

  #longest(): Run | undefined {
    let longest: Run | undefined;
    for (const run of this.#runs.values()) {
      if (!this.#hasLeft(run)) continue;
      if (longest === undefined || run.end - run.next > longest.end - longest.next) longest = run;
    }
    return longest;
  }

  #hasLeft(run: Run | undefined): run is Run {
    if (run === undefined) return false;
    while (run.next < run.end && this.#had.has(run.next)) run.next += 1;
    return run.next < run.end;
  }

  /** The block that one other lane has owed for longest. */
  claimLate(nowMs: number): number[] | undefined {
    for (const [index, { sinceMs, lanes }] of this.#out)
      if (lanes === 1 && nowMs - sinceMs > lateMs) return [index];
    return undefined;
  }

  asked(index: number, nowMs: number): void {
    const out = this.#out.get(index);
    if (out === undefined) this.#out.set(index, { sinceMs: nowMs, lanes: 1 });
    else out.lanes += 1;
  }

  /** It will not come from one of those who were asked: somebody else may claim it, unless another still owes it. */
  giveBack(index: number): void {
    const out = this.#out.get(index);
    if (out === undefined) return;
    out.lanes -= 1;
    if (out.lanes > 0) return;
    this.#out.delete(index);
    if (index < this.#blocks) this.#again.push(index);
  }

  arrived(index: number): void {
    this.#out.delete(index);
  }
}
