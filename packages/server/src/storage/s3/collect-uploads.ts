/** Uploads that nobody has gone on with for too long are given up: their parts cost money. Called by s3-storage.ts; worker threads. */

import { isReserved, versionOf } from './metadata.ts';
import type { Objects } from './objects.ts';
import { removeBelow } from './remove-below.ts';
import { readInfo } from './upload-info.ts';

/** @param maxAgeMs since the last part or block was stored. @throws {FerryError} what the store throws; the rest is left for the next time */
export async function collectUploads(objects: Objects, maxAgeMs: number, nowMs: number): Promise<void> {
  const { store, keys } = objects;
  const prefix = keys.hidden('up/');
  let from: string | undefined;
  do {
    const page = await store.list({ prefix, byFolder: true, from });
    for (const folder of page.prefixes) {
      if (nowMs - (await latestMs(objects, folder)) < maxAgeMs) continue;
      const info = await readInfo(store, folder);
      if (info !== undefined) {
        await store.abort(info.key, info.uploadId);
        // It died right before it was published: the name is still held.
        const held = await store.head(info.key);
        const tag = folder.slice(prefix.length, -1);
        if (held !== undefined && isReserved(held) && versionOf(held) === tag) await store.remove(info.key);
      }
      await removeBelow(store, folder);
    }
    from = page.next;
  } while (from !== undefined);
}

async function latestMs({ store }: Objects, folder: string): Promise<number> {
  let latestS = 0;
  let from: string | undefined;
  do {
    const page = await store.list({ prefix: folder, from });
    for (const { storedS } of page.objects) latestS = Math.max(latestS, storedS);
    from = page.next;
  } while (from !== undefined);
  return latestS * 1000;
}
