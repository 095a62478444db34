/** What a trash gives up by itself. Pure. */

export type TrashFacts = { readonly deletedMs: number; readonly bytes: number };

/** How long something stays in the trash, milliseconds. */
export const trashAgeMs = 30 * 86_400_000;
/** What the trash of one user may hold, as a share of the file system… */
export const trashShare = 0.1;
/** …and in how many pieces. */
export const trashEntries = 10_000;

/** The entries to drop: those too old, then the oldest until the rest may stay. */
export function trashToDrop<T extends TrashFacts>(
  entries: readonly T[],
  nowMs: number,
  mostBytes: number,
): readonly T[] {
  const newestFirst = entries.toSorted((a, b) => b.deletedMs - a.deletedMs);
  let bytes = 0;
  let isFull = false;
  return newestFirst.filter((entry, i) => {
    bytes += entry.bytes;
    isFull ||= bytes > mostBytes;
    return isFull || i >= trashEntries || nowMs - entry.deletedMs > trashAgeMs;
  });
}
