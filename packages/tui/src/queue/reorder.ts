/** Moving some of a list up, down or to its top. Pure; called by queue-store.ts. */

export type Reordering = 'top' | 'up' | 'down';

/** Those with one of the `ids` one step further, or first of all; several keep their order among themselves. */
export function reordered<T extends { readonly id: number }>(
  list: readonly T[],
  how: Reordering,
  ids: ReadonlySet<number>,
): readonly T[] {
  if (how === 'top') return list.toSorted((a, b) => Number(ids.has(b.id)) - Number(ids.has(a.id)));
  const moved = how === 'down' ? list.toReversed() : [...list];
  for (let i = 1; i < moved.length; i++) {
    const [before, item] = [moved[i - 1], moved[i]];
    if (before === undefined || item === undefined || !ids.has(item.id) || ids.has(before.id)) continue;
    moved[i - 1] = item;
    moved[i] = before;
  }
  return how === 'down' ? moved.toReversed() : moved;
}
