/**
 * One at a time, among all servers that share a bucket, for stores that keep no conditions. Who wants a name puts a claim below it and
 * lists: alone, it has the name; with others, it takes its claim back and tries later. Of two claims at least the later one's listing has
 * both, so two never have the name at once, as long as the store lists what it has stored. The claim of one that died counts until it is
 * `leaseS` old, by the store's own clock. Worker threads.
 */

import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';
import type { Keys } from './keys.ts';
import type { ObjectStore } from './object-store.ts';

/** More than any publishing takes. */
const leaseS = 600;
const attempts = 20;
/** Before the next one, milliseconds: chance parts those who came together. */
const firstRestMs = 20;
const longestRestMs = 1000;

/** @throws {FerryError} BUSY: others have it; and as `act` */
export async function withLease<T>(
  store: ObjectStore,
  keys: Keys,
  key: string,
  act: () => Promise<T>,
): Promise<T> {
  const claims = keys.hidden(`lease/${createHash('sha256').update(key).digest('hex')}/`);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const own = claims + randomBytes(8).toString('hex');
    await store.put(own, new Uint8Array(0), {});
    try {
      if (await isAlone(store, claims, own)) return await act();
    } finally {
      await store.remove(own);
    }
    await delay(Math.random() * Math.min(longestRestMs, firstRestMs * 2 ** attempt));
  }
  throw new FerryError(Code.BUSY, 'others are about to put something under that name');
}

async function isAlone(store: ObjectStore, claims: string, own: string): Promise<boolean> {
  const { objects } = await store.list({ prefix: claims });
  const nowS = objects.find(({ key }) => key === own)?.storedS;
  if (nowS === undefined)
    throw new FerryError(Code.IO_ERROR, 'the object storage does not list what it has stored');
  let isAloneThere = true;
  for (const { key, storedS } of objects) {
    if (key === own) continue;
    if (nowS - storedS > leaseS) await store.remove(key);
    else isAloneThere = false;
  }
  return isAloneThere;
}
