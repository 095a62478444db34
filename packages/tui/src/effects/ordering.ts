/**
 * What large folders take between the keys: a few milliseconds at a time, and then whatever has come in meanwhile has its turn. Rows are put
 * in order, and looked for. UI thread, where the entries are; to hand a million of them to another one costs more.
 */

import type { Side } from '../engine/engine.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { inOrder } from '../state/order.ts';
import { seek } from '../state/seeking.ts';

/** Keys wait so long at most. */
const sliceMs = 3;

type Next = Map<Side, NodeJS.Immediate>;

export class OrderingRows {
  readonly #post: (msg: Msg) => void;
  readonly #ordering: Next = new Map();
  readonly #seeking: Next = new Map();

  constructor(post: (msg: Msg) => void) {
    this.#post = post;
  }

  /** In place of what it did of that kind for that side before. */
  run(cmd: Cmd & { kind: 'order' | 'seek' }): void {
    const { side } = cmd;
    if (cmd.kind === 'order') {
      const { ordering } = cmd;
      const work = ordering === undefined ? undefined : inOrder(ordering);
      this.#inSlices(this.#ordering, side, work, (ordered) => {
        if (ordering !== undefined) this.#post({ kind: 'ordered', side, ordering, ordered });
      });
    } else {
      const { seeking } = cmd;
      const work = seeking === undefined ? undefined : seek(seeking);
      this.#inSlices(this.#seeking, side, work, (found) => {
        if (seeking !== undefined) this.#post({ kind: 'sought', side, seeking, found });
      });
    }
  }

  #inSlices<T>(
    next: Next,
    side: Side,
    work: Generator<void, T> | undefined,
    done: (result: T) => void,
  ): void {
    clearImmediate(next.get(side));
    next.delete(side);
    if (work === undefined) return;
    const slice = (): void => {
      const endMs = performance.now() + sliceMs;
      for (let step = work.next(); ; step = work.next()) {
        if (step.done === true) {
          next.delete(side);
          done(step.value);
          return;
        }
        if (performance.now() > endMs) break;
      }
      next.set(side, setImmediate(slice));
    };
    next.set(side, setImmediate(slice));
  }
}
