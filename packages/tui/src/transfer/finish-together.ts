/**
 * So that the lanes of a file come to their end together: near the end a slow lane leaves blocks to faster ones, where those are
 * done with them sooner. Pure. Held by outgoing.ts and incoming.ts; I/O thread.
 */

import { limits } from '@ferry/protocol';

/** What one lane does for a file. */
export type Part = {
  /** Blocks that it has on their way. */
  readonly out: () => number;
  /** Bytes per second, as far as that is known. */
  readonly rate: () => number | undefined;
};

export class FinishTogether {
  readonly #parts = new Set<Part>();

  /** It is at work, until the function that it gets is called. */
  enter(part: Part): () => void {
    this.#parts.add(part);
    return () => this.#parts.delete(part);
  }

  /**
   * Whether this lane should take one more of so many blocks that nobody has taken on. Of the lanes at work there is always one
   * that should; who should not asks again when something has arrived, or after a while.
   */
  mayTake(part: Part, left: number): boolean {
    const own = part.rate();
    if (own === undefined || left === 0) return true;
    const others = [...this.#parts].filter((one) => one !== part);
    const known = others.flatMap((one) => one.rate() ?? []);
    const usual = (own + known.reduce((sum, rate) => sum + rate, 0)) / (1 + known.length);
    return !canHave(others, usual, left, secondsOf(part.out() + 1, own));
  }
}

/** Whether others have the last of the blocks that are left before that, if each goes where it is done soonest. */
function canHave(others: readonly Part[], usual: number, left: number, beforeS: number): boolean {
  const lanes = others.map((one) => ({ out: one.out(), rate: one.rate() ?? usual }));
  const blocks = lanes.reduce((sum, { out }) => sum + out, left);
  const together = lanes.reduce((sum, { rate }) => sum + rate, 0);
  // No order of theirs is quicker than this: long before the end nothing more is to be found out.
  if (secondsOf(blocks, together) >= beforeS) return false;
  for (let i = 0; i < left; i++) {
    const next = lanes.reduce((a, b) =>
      secondsOf(b.out + 1, b.rate) < secondsOf(a.out + 1, a.rate) ? b : a,
    );
    next.out += 1;
    if (secondsOf(next.out, next.rate) >= beforeS) return false;
  }
  return true;
}

function secondsOf(blocks: number, rate: number): number {
  return (blocks * limits.blockBytes) / rate;
}
