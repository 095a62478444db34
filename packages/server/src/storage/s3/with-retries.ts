/**
 * Any store, asked again where it says that this is worth it: it is slow, restarts, or has just lost one of its machines. What cannot be
 * told from outside (a put whose answer was lost) its callers find out by looking. Worker threads.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { Code, FerryError } from '@ferry/protocol';
import type { ByteStream, ObjectStore } from './object-store.ts';

/** Together half a minute: storage of several machines needs ten seconds to go on without one. */
const attempts = 10;
const firstRestMs = 100;
const longestRestMs = 6000;

/** How long to rest after that many failures; undefined: no longer worth it. `chance` from 0 to 1 parts those who failed together. */
export function restAfter(failures: number, chance: number): number | undefined {
  if (failures >= attempts) return undefined;
  return Math.min(longestRestMs, firstRestMs * 2 ** failures) * (0.5 + chance / 2);
}

export function withRetries(
  store: ObjectStore,
  rest: (ms: number, signal: AbortSignal | undefined) => Promise<unknown> = (ms, signal) =>
    delay(ms, undefined, signal === undefined ? {} : { signal }),
): ObjectStore {
  const again = async <T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (let failures = 1; ; failures++) {
      try {
        return await act();
      } catch (error) {
        const isPassing = error instanceof FerryError && error.code === Code.BUSY;
        const restMs = isPassing ? restAfter(failures, Math.random()) : undefined;
        if (restMs === undefined) throw error;
        await rest(restMs, signal);
      }
    }
  };
  return {
    abilities: (scratch) => again(() => store.abilities(scratch)),
    head: (key) => again(() => store.head(key)),
    read: (key, etag, offset, target) => again(() => store.read(key, etag, offset, target)),
    stream: (key, etag, offset, length) => {
      let at = 0;
      let stream: ByteStream | undefined = store.stream(key, etag, offset, length);
      return {
        read: (target) =>
          again(async () => {
            const own = stream ?? store.stream(key, etag, offset + at, length - at);
            stream = own;
            try {
              await own.read(target);
              at += target.length;
            } catch (error) {
              own.close();
              stream = undefined;
              throw error;
            }
          }),
        close: () => stream?.close(),
      };
    },
    get: (key, most) => again(() => store.get(key, most)),
    put: (key, content, metadata, condition) => again(() => store.put(key, content, metadata, condition)),
    list: (spec) => again(() => store.list(spec), spec.signal),
    remove: (key) => again(() => store.remove(key)),
    removeAll: (keys) => again(() => store.removeAll(keys)),
    copy: (from, to, metadata) => again(() => store.copy(from, to, metadata)),
    begin: (key, metadata) => again(() => store.begin(key, metadata)),
    putPart: (key, uploadId, number, content) => again(() => store.putPart(key, uploadId, number, content)),
    copyPart: (key, uploadId, number, source) => again(() => store.copyPart(key, uploadId, number, source)),
    parts: (key, uploadId) => again(() => store.parts(key, uploadId)),
    complete: (key, uploadId, parts, condition) =>
      again(() => store.complete(key, uploadId, parts, condition)),
    abort: (key, uploadId) => again(() => store.abort(key, uploadId)),
    close: () => store.close(),
  };
}
