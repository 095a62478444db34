/**
 * Puts an object under its final name, whole, where nothing is or where exactly one version is. How depends on what the store keeps:
 *
 *   conditions for all     the store decides
 *   only for single puts   (Ceph) a large file's name is first taken by a small object that nobody is shown, then completed over it
 *   none                   one ferry at a time by a lease; programs that know nothing of it can come in between
 *
 * Worker threads.
 */

import { Code, FerryError } from '@ferry/protocol';
import type { Keys } from './keys.ts';
import { withLease } from './lease.ts';
import { isAbandoned, isReserved, type Kept, metadataOf, versionOf } from './metadata.ts';
import type { Abilities, ObjectStore, Part } from './object-store.ts';

/** `etag`: what may be replaced. */
export type PutRule = 'any' | 'absent' | { readonly etag: string };

export class Publisher {
  readonly #store: ObjectStore;
  readonly #keys: Keys;
  #abilities: Promise<Abilities> | undefined;

  constructor(store: ObjectStore, keys: Keys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** @returns the etag. @throws {FerryError} EXISTS, CONFLICT, NO_SPACE, BUSY, IO_ERROR */
  async put(key: string, content: Uint8Array, kept: Kept, rule: PutRule, isFolder = false): Promise<string> {
    const metadata = metadataOf(kept, isFolder);
    if (rule === 'any') return this.#store.put(key, content, metadata);
    const { putAbsent, putEtag } = await this.#able();
    if (rule !== 'absent') {
      if (putEtag) return this.#store.put(key, content, metadata, rule);
      return this.#alone(key, rule, () => this.#store.put(key, content, metadata));
    }
    if (!putAbsent) return this.#alone(key, rule, () => this.#store.put(key, content, metadata));
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#store.put(key, content, metadata, { absent: true });
      } catch (error) {
        if (!isConflict(error)) throw error;
        const there = await this.#store.head(key);
        // Its answer was lost on the way, and it was tried again; or the same commit came over another lane.
        const isOwn = there !== undefined && versionOf(there) === kept.version;
        if (isOwn && isReserved(there) === (kept.isReserved ?? false)) return there.etag;
        const isFree = there === undefined || isAbandoned(there, Date.now());
        if (!isFree || attempt > 3) throw new FerryError(Code.EXISTS, 'that name is taken', { cause: error });
        if (there !== undefined) await this.#store.remove(key);
      }
    }
  }

  /** An upload whose parts are all there. @throws as {@link put}; NOT_FOUND: it is over, and this is not there */
  async complete(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    kept: Kept,
    rule: PutRule,
  ): Promise<void> {
    const complete = (): Promise<void> => this.#complete(key, uploadId, parts, kept);
    if (rule === 'any') return complete();
    const able = await this.#able();
    if (able.complete) {
      const condition = rule === 'absent' ? { absent: true as const } : rule;
      return this.#complete(key, uploadId, parts, kept, condition);
    }
    if (rule !== 'absent') return this.#alone(key, rule, complete);
    return this.#reserved(key, kept, complete);
  }

  /** What puts something there by other means than these two. @throws as {@link put}, and as `act` */
  async fill(key: string, kept: Kept, rule: PutRule, act: () => Promise<void>): Promise<void> {
    if (rule === 'any') return act();
    return rule === 'absent' ? this.#reserved(key, kept, act) : this.#alone(key, rule, act);
  }

  async #reserved(key: string, kept: Kept, act: () => Promise<void>): Promise<void> {
    if (!(await this.#able()).putAbsent) return this.#alone(key, 'absent', act);
    await this.put(key, Buffer.from(kept.version), { ...kept, isReserved: true }, 'absent');
    try {
      await act();
    } catch (error) {
      const there = await this.#store.head(key);
      if (there !== undefined && isReserved(there) && versionOf(there) === kept.version)
        await this.#store.remove(key);
      throw error;
    }
  }

  async #complete(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    kept: Kept,
    condition?: Parameters<ObjectStore['complete']>[3],
  ): Promise<void> {
    try {
      await this.#store.complete(key, uploadId, parts, condition);
    } catch (error) {
      const isOver = error instanceof FerryError && error.code === Code.NOT_FOUND;
      if (!isOver && !isConflict(error)) throw error;
      const there = await this.#store.head(key);
      if (there !== undefined && versionOf(there) === kept.version && !isReserved(there)) return;
      if (isConflict(error) && condition !== undefined && 'absent' in condition) {
        throw new FerryError(Code.EXISTS, 'that name is taken', { cause: error });
      }
      throw error;
    }
  }

  async #alone<T>(key: string, rule: PutRule, act: () => Promise<T>): Promise<T> {
    return withLease(this.#store, this.#keys, key, async () => {
      const found = await this.#store.head(key);
      const there = found !== undefined && isReserved(found) ? undefined : found;
      if (rule === 'absent' && there !== undefined) throw new FerryError(Code.EXISTS, 'that name is taken');
      if (typeof rule === 'object' && there?.etag !== rule.etag) {
        throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
      }
      return act();
    });
  }

  #able(): Promise<Abilities> {
    this.#abilities ??= this.#store.abilities(this.#keys.hidden('try/')).catch((error: unknown) => {
      this.#abilities = undefined;
      throw error;
    });
    return this.#abilities;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof FerryError && error.code === Code.CONFLICT;
}
