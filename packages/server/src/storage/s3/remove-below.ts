/** Removes all keys that begin alike, a thousand with each request. Worker threads. */

import type { ObjectStore } from './object-store.ts';

/** @param before called with each lot before it goes. What it throws leaves the rest. */
export async function removeBelow(
  store: ObjectStore,
  prefix: string,
  before?: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  for (;;) {
    // From the beginning each time: what a page was the last of is gone.
    const { objects, next } = await store.list({ prefix });
    const keys = objects.map(({ key }) => key);
    await before?.(keys);
    await store.removeAll(keys);
    if (next === undefined) return;
  }
}
