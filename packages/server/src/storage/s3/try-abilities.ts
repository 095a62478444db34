/** Which conditions a store keeps, found out with a few small objects. Called by aws-bucket.ts; worker threads. */

import { randomBytes } from 'node:crypto';
import { Code, FerryError } from '@ferry/protocol';
import type { Abilities, ObjectStore } from './object-store.ts';

/** @param quote one store compares etags with their quotes, another without: called with either, and not again with the right one */
export async function tryAbilities(
  store: ObjectStore,
  scratch: string,
  quote: (quotes: boolean) => void,
): Promise<Abilities> {
  const key = `${scratch}${randomBytes(8).toString('hex')}`;
  const content = Buffer.from('ferry tries out what this store can do');
  try {
    const etag = await store.put(key, content, {});
    const putAbsent = await refuses(() => store.put(key, content, {}, { absent: true }));
    return {
      putAbsent,
      putEtag: await keepsEtags(store, key, content, etag, quote),
      complete: await refuses(() => tryComplete(store, key)),
    };
  } finally {
    await store.remove(key);
  }
}

async function keepsEtags(
  store: ObjectStore,
  key: string,
  content: Buffer,
  etag: string,
  quote: (quotes: boolean) => void,
): Promise<boolean> {
  if (!(await refuses(() => store.put(key, content, {}, { etag: '0'.repeat(32) })))) return false;
  for (const quotes of [true, false]) {
    quote(quotes);
    if (!(await refuses(() => store.put(key, content, {}, { etag })))) return true;
  }
  return false;
}

async function tryComplete(store: ObjectStore, key: string): Promise<void> {
  const uploadId = await store.begin(key, {});
  try {
    const etag = await store.putPart(key, uploadId, 1, Buffer.from('x'));
    await store.complete(key, uploadId, [{ number: 1, etag }], { absent: true });
  } finally {
    await store.abort(key, uploadId);
  }
}

/** Stores that do not know conditions say so, or do as they were not told. */
async function refuses(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.CONFLICT) return true;
    if (error instanceof FerryError && error.code === Code.FORBIDDEN) return false;
    throw error;
  }
}
