/** Files copied inside of a bucket, without a byte coming here. Made by s3-storage.ts; worker threads. */

import { randomBytes } from 'node:crypto';
import { baseName, Code, type Facts, FerryError, limits, type Name } from '@ferry/protocol';
import type { GraftSpec, Work } from '../works.ts';
import { inParallel } from './in-parallel.ts';
import { factsOf, type Head, type Kept, type Metadata, metadataOf } from './metadata.ts';
import type { ListedObject, ObjectStore, Part } from './object-store.ts';
import type { Objects } from './objects.ts';
import type { Publisher, PutRule } from './publisher.ts';
import { asConflict, checkTarget } from './targets.ts';

/** Larger ones go in parts: a request that takes minutes is given up by something on the way, and nobody sees how far it is. */
const wholeBytes = 256 * limits.blockBytes;
const partBytes = 128 * limits.blockBytes;
const mostParts = 10_000;
const partsAtOnce = 4;

export class Copies {
  readonly #objects: Objects;
  readonly #publisher: Publisher;

  constructor(objects: Objects, publisher: Publisher) {
    this.#objects = objects;
    this.#publisher = publisher;
  }

  /** `facts` as they were looked at. @throws {FerryError} NOT_FOUND, SOURCE_CHANGED, EXISTS, CONFLICT, … ; CANCELLED by the work */
  async copy(facts: Facts, { from, to, existing, expected }: GraftSpec, work?: Work): Promise<void> {
    const head = await this.#objects.file(from);
    if (head === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    const now = factsOf(baseName(from) ?? ('~' as Name), 'file', head);
    if (now.identity !== facts.identity) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file has changed since you looked');
    }
    const rule = existing === 'overwrite' ? 'overwrite' : 'fail';
    const { rule: putRule } = await checkTarget(this.#objects, { target: to, existing: rule, expected });
    const version = randomBytes(16).toString('hex');
    const kept = { modified: facts.modified, mode: facts.mode, version };
    const source = { key: this.#objects.keys.file(from), head };
    const metadata = { ...head.metadata, ...metadataOf(kept) };
    try {
      await this.#put(source, { key: this.#objects.keys.file(to), kept, metadata, rule: putRule }, work);
    } catch (error) {
      throw asConflict(error);
    }
  }

  /** To a key that nobody else knows, or that is taken already; counts its bytes. */
  async duplicate({ key, size }: ListedObject, to: string, work?: Work): Promise<void> {
    const { store } = this.#objects;
    if (size <= wholeBytes) {
      await store.copy(key, to);
      if (work !== undefined) work.bytes += size;
      return;
    }
    const head = await store.head(key);
    if (head === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    await this.#inParts({ key, head }, to, head.metadata, work, (uploadId, parts) =>
      store.complete(to, uploadId, parts),
    );
  }

  /** Other metadata for what stays where it is. */
  async describe(key: string, head: Head, metadata: Metadata): Promise<void> {
    const { store } = this.#objects;
    if (head.size <= wholeBytes) await store.copy(key, key, metadata);
    else {
      await this.#inParts({ key, head }, key, metadata, undefined, (uploadId, parts) =>
        store.complete(key, uploadId, parts),
      );
    }
    this.#objects.heads.forget(key);
  }

  async #put(
    source: { readonly key: string; readonly head: Head },
    target: {
      readonly key: string;
      readonly kept: Kept;
      readonly metadata: Metadata;
      readonly rule: PutRule;
    },
    work: Work | undefined,
  ): Promise<void> {
    const { key, kept, metadata, rule } = target;
    const { size } = source.head;
    if (size > wholeBytes) {
      await this.#inParts(source, key, metadata, work, (uploadId, parts) =>
        this.#publisher.complete(key, uploadId, parts, kept, rule),
      );
      return;
    }
    work?.check();
    await this.#publisher.fill(key, kept, rule, () => this.#objects.store.copy(source.key, key, metadata));
    if (work !== undefined) work.bytes += size;
  }

  async #inParts(
    { key: from, head: { size } }: { readonly key: string; readonly head: Head },
    to: string,
    metadata: Metadata,
    work: Work | undefined,
    publish: (uploadId: string, parts: readonly Part[]) => Promise<void>,
  ): Promise<void> {
    const store: ObjectStore = this.#objects.store;
    const uploadId = await store.begin(to, metadata);
    try {
      const each = Math.max(partBytes, Math.ceil(size / mostParts));
      const numbers = Array.from({ length: Math.ceil(size / each) }, (_, i) => i + 1);
      const parts = await inParallel(numbers, partsAtOnce, async (number): Promise<Part> => {
        await work?.turn();
        work?.check();
        const at = (number - 1) * each;
        const length = Math.min(each, size - at);
        const etag = await store.copyPart(to, uploadId, number, { key: from, from: at, length });
        if (work !== undefined) work.bytes += length;
        return { number, etag };
      });
      await publish(uploadId, parts);
    } catch (error) {
      await store.abort(to, uploadId);
      throw error;
    }
  }
}
