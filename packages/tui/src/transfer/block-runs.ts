/**
 * Which blocks of an upload are still to be sent, and by which lane: object storage wants some in a row from one lane. Pure. Held by
 * outgoing.ts; I/O thread.
 */

type Run = { next: number; readonly end: number };

export class BlockRuns {
  readonly #blocks: number;
  #length = 1;
  /** Blocks that were never taken on begin here. */
  #next = 0;
  readonly #byLane = new Map<object, Run>();
  /** What lanes left of their runs. */
  #left: Run[] = [];

  constructor(blocks: number) {
    this.#blocks = blocks;
  }

  /** How many in a row the server would like. What lanes have taken on already stays as it is. */
  set length(blocks: number) {
    this.#length = blocks;
  }

  /** There are blocks that no lane has taken on. */
  get hasWork(): boolean {
    return this.#next < this.#blocks || this.#left.length > 0;
  }

  /** Blocks that any lane may take on now; Infinity where some in a row belong to one. */
  get free(): number {
    return this.#length > 1 ? Number.POSITIVE_INFINITY : this.#blocks - this.#next + this.#left.length;
  }

  /** The next block for this lane. */
  claim(lane: object): number | undefined {
    const own = this.#byLane.get(lane) ?? this.#left.pop() ?? this.#fresh();
    if (own === undefined) return undefined;
    const index = own.next;
    own.next += 1;
    if (own.next < own.end) this.#byLane.set(lane, own);
    else this.#byLane.delete(lane);
    return index;
  }

  /** The lane takes no more. */
  leave(lane: object): void {
    const own = this.#byLane.get(lane);
    this.#byLane.delete(lane);
    if (own !== undefined) this.#left.push(own);
  }

  /** All are to be sent. */
  startOver(): void {
    this.#next = 0;
    this.#byLane.clear();
    this.#left = [];
  }

  /** Runs begin at multiples of their length, wherever the length was learnt. */
  #fresh(): Run | undefined {
    if (this.#next >= this.#blocks) return undefined;
    const end = Math.min(this.#blocks, (Math.floor(this.#next / this.#length) + 1) * this.#length);
    const run = { next: this.#next, end };
    this.#next = end;
    return run;
  }
}
