/**
 * Blocks of an upload that lanes have taken on and the server has not answered: over which lanes, and since when an answer is late.
 * Pure; time is a parameter. Held by outgoing.ts; I/O thread.
 */

/** A block is late when its lane takes so many times as long for it as it should, and so much more, milliseconds. */
const late = { times: 2, byMs: 1000 } as const;
/** What a block may take on a lane of which nothing is known, milliseconds. */
const unknownMs = 3000;

/** When the answer to a block that is sent now is late. @param usualMs that it should take, milliseconds; undefined: not known */
export function lateAt(nowMs: number, usualMs = unknownMs): number {
  return nowMs + late.byMs + late.times * usualMs;
}

export class OwedBlocks {
  readonly #there = new Set<number>();
  readonly #out = new Map<number, { readonly lanes: Set<object>; lateMs: number }>();

  /** Blocks that the server has. */
  get there(): number {
    return this.#there.size;
  }

  /** The lane is about to send it. */
  taken(index: number, lane: object): void {
    const out = this.#out.get(index);
    if (out === undefined) this.#out.set(index, { lanes: new Set([lane]), lateMs: Number.POSITIVE_INFINITY });
    else out.lanes.add(lane);
  }

  /** It is on its way. @param lateMs as {@link lateAt} has it */
  sent(index: number, lateMs: number): void {
    const out = this.#out.get(index);
    if (out !== undefined) out.lateMs = lateMs;
  }

  /** False where the server had it already. */
  arrived(index: number): boolean {
    this.#out.delete(index);
    if (this.#there.has(index)) return false;
    this.#there.add(index);
    return true;
  }

  /** It will not be answered over this lane. True when it is to be sent again, as nobody else has it under way. */
  failed(index: number, lane: object): boolean {
    const out = this.#out.get(index);
    if (out === undefined || !out.lanes.delete(lane) || out.lanes.size > 0) return false;
    this.#out.delete(index);
    return true;
  }

  /** Some lane owes an answer. */
  get isWaiting(): boolean {
    return this.#out.size > 0;
  }

  /** A block that one lane has owed for too long: another one may send it as well. */
  lateBlock(nowMs: number): number | undefined {
    for (const [index, { lanes, lateMs }] of this.#out) if (lanes.size === 1 && nowMs >= lateMs) return index;
    return undefined;
  }

  /** All are to be sent. */
  startOver(): void {
    this.#there.clear();
    this.#out.clear();
  }
}
