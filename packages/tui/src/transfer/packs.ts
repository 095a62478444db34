/**
 * A walk with its small files taken together: what of one folder fits one message. Pure but for the walk itself. I/O thread.
 */

import { limits } from '@ferry/protocol';
import type { PlanItem } from './plan.ts';

export type FileItem = PlanItem & { readonly kind: 'file' };

export type Unit =
  | Exclude<PlanItem, { readonly kind: 'file' }>
  /** One file of any size, or several small ones of one folder. */
  | { readonly kind: 'files'; readonly items: readonly [FileItem, ...FileItem[]] };

/** A name and what belongs to it in a message, bytes. */
const rowBytes = limits.nameBytes + 96;

/**
 * As the walk: who answers a folder with `next(false)` gets nothing of what is in it. `mostBytes` is asked for each file: a
 * pack holds no more than that, but one file at least.
 */
export async function* packed(
  walk: AsyncGenerator<PlanItem, void, boolean | undefined>,
  mostBytes: () => number = () => limits.packBytes,
): AsyncGenerator<Unit, void, boolean | undefined> {
  let pack: FileItem[] = [];
  let bytes = 0;
  const flush = (): Unit | undefined => {
    const [first, ...rest] = pack;
    pack = [];
    bytes = 0;
    return first === undefined ? undefined : { kind: 'files', items: [first, ...rest] };
  };
  for (let step = await walk.next(); step.done !== true; ) {
    const item = step.value;
    let enter: boolean | undefined;
    if (item.kind === 'file' && item.size <= limits.packedFileBytes) {
      const full =
        pack.length === limits.packFiles ||
        bytes + item.size + rowBytes > Math.min(limits.packBytes, mostBytes());
      const unit = full || !sameFolder(pack[0], item) ? flush() : undefined;
      if (unit !== undefined) yield unit;
      pack.push(item);
      bytes += item.size + rowBytes;
    } else {
      const unit = flush();
      if (unit !== undefined) yield unit;
      enter = yield item.kind === 'file' ? { kind: 'files', items: [item] } : item;
    }
    step = await walk.next(enter);
  }
  const unit = flush();
  if (unit !== undefined) yield unit;
}

function sameFolder(a: FileItem | undefined, b: FileItem): boolean {
  if (a === undefined) return true;
  return a.below.length === b.below.length && a.below.slice(0, -1).every((name, i) => name === b.below[i]);
}
