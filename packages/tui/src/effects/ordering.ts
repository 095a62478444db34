/**
 * Puts the rows of large folders in order between the keys: a few milliseconds at a time, and then whatever has come in
 * meanwhile has its turn. UI thread, where the entries are; to hand a million of them to another one costs more.
 */

import type { Side } from '../engine/engine.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { inOrder } from '../state/order.ts';

/** Keys wait so long at most. */
const sliceMs = 3;

export class OrderingRows {
  readonly #post: (msg: Msg) => void;
  readonly #next = new Map<Side, NodeJS.Immediate>();

  constructor(post: (msg: Msg) => void) {
    this.#post = post;
  }

  /** In place of what it did for that side before. */
  run({ side, ordering }: Cmd & { kind: 'order' }): void {
    clearImmediate(this.#next.get(side));
    this.#next.delete(side);
    if (ordering === undefined) return;
    const work = inOrder(ordering);
    const slice = (): void => {
      const endMs = performance.now() + sliceMs;
      for (let step = work.next(); ; step = work.next()) {
        if (step.done === true) {
          this.#next.delete(side);
          this.#post({ kind: 'ordered', side, ordering, ordered: step.value });
          return;
        }
        if (performance.now() > endMs) break;
      }
      this.#next.set(side, setImmediate(slice));
    };
    this.#next.set(side, setImmediate(slice));
  }
}
