/**
 * The uploads of one thread into a bucket. What fits into one part is held until commit and put at once; larger files are uploads of
 * several parts (multipart.ts), which any thread of any server can join and go on with: what is to become of one stands in a small
 * object beside its blocks. Made by s3-storage.ts; worker threads.
 */

import { randomBytes } from 'node:crypto';
import { baseName, Code, type Facts, FerryError, limits, type Name } from '@ferry/protocol';
import { committedBefore } from '../committed-before.ts';
import { MemoryUpload } from '../memory-upload.ts';
import { type Committed, checkSignal, type Upload, type UploadSpec, type Wait } from '../storage.ts';
import { factsOf, type Kept, metadataOf, versionOf } from './metadata.ts';
import { Multipart } from './multipart.ts';
import type { Objects } from './objects.ts';
import type { PartMemory } from './part-memory.ts';
import type { Publisher } from './publisher.ts';
import { removeBelow } from './remove-below.ts';
import { asConflict, checkTarget } from './targets.ts';
import { isSame, readInfo, type UploadInfo } from './upload-info.ts';
import { mostFileBytes, runOf, tagOf } from './upload-keys.ts';

const smallBytes = 8 * limits.blockBytes;

type Shared = {
  readonly multipart: Multipart;
  readonly uploadId: string;
  readonly key: string;
  handles: number;
};

export class Uploads {
  readonly #objects: Objects;
  readonly #publisher: Publisher;
  readonly #memory: PartMemory;
  /** Tags of small ones. */
  readonly #small = new Set<string>();
  readonly #shared = new Map<string, Promise<Shared>>();
  /** The last lane has left, and what it had goes into the store. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(objects: Objects, publisher: Publisher, memory: PartMemory) {
    this.#memory = memory;
    this.#objects = objects;
    this.#publisher = publisher;
  }

  /** As Storage.createUpload. */
  async create(spec: UploadSpec, opts: Wait): Promise<Upload> {
    checkSignal(opts);
    const { begin = 'fresh', size } = spec;
    if (size > mostFileBytes) {
      throw new FerryError(Code.NO_SPACE, `a file may have at most ${mostFileBytes} bytes in object storage`);
    }
    const tag = tagOf(spec.transferId, spec.owner ?? '');
    if (begin !== 'join') {
      const { there } = await checkTarget(
        this.#objects,
        spec,
        (head) => begin === 'resume' && versionOf(head) === tag,
      );
      if (begin === 'resume' && there !== undefined && versionOf(there) === tag) {
        return committedBefore({ facts: factsOf(nameOf(spec), 'file', there), durable: true });
      }
    }
    if (this.#small.has(tag)) throw inUse();
    if (size <= smallBytes && begin !== 'join' && (await this.#memory.takeSoon(2 * size)))
      return this.#createSmall(spec, tag);
    return this.#handle(spec, tag, await this.#open(spec, tag));
  }

  /** What it takes of the memory is taken. @throws BAD_STATE */
  #createSmall(spec: UploadSpec, tag: string): Upload {
    if (this.#small.has(tag)) {
      this.#memory.give(2 * spec.size);
      throw inUse();
    }
    this.#small.add(tag);
    return new MemoryUpload(spec.size, {
      publish: async (bytes, root) => {
        const { rule } = await checkTarget(this.#objects, spec);
        const kept = { ...keptOf(spec, tag), root: Buffer.from(root).toString('hex') };
        const key = this.#objects.keys.file(spec.target);
        const etag = await this.#publisher.put(key, bytes, kept, rule).catch((error: unknown) => {
          throw asConflict(error);
        });
        const head = { size: spec.size, etag, storedS: 0, metadata: metadataOf(kept) };
        return { facts: factsOf(nameOf(spec), 'file', head), durable: true };
      },
      ended: () => {
        this.#small.delete(tag);
        this.#memory.give(2 * spec.size);
      },
    });
  }

  /** @throws BAD_STATE */
  async #open(spec: UploadSpec, tag: string): Promise<Shared> {
    await this.#leaving.get(tag);
    const known = this.#shared.get(tag);
    if (known !== undefined) {
      if ((spec.begin ?? 'fresh') === 'fresh') throw inUse();
      const shared = await known;
      shared.handles += 1;
      return shared;
    }
    const opened = this.#begin(spec, tag);
    this.#shared.set(tag, opened);
    try {
      return await opened;
    } catch (error) {
      this.#forget(tag, opened);
      throw error;
    }
  }

  async #begin(spec: UploadSpec, tag: string): Promise<Shared> {
    const { begin = 'fresh', size } = spec;
    const { store, keys } = this.#objects;
    const folder = keys.hidden(`up/${tag}/`);
    const key = keys.file(spec.target);
    const metadata = metadataOf(keptOf(spec, tag));
    const wanted = { key, size, source: spec.source ?? '', metadata: JSON.stringify(metadata) };
    const sharedOf = (uploadId: string): Shared => ({
      multipart: new Multipart({
        store,
        memory: this.#memory,
        folder,
        key,
        uploadId,
        size,
        run: runOf(size),
      }),
      uploadId,
      key,
      handles: 1,
    });
    if (begin !== 'fresh') {
      const info = await readInfo(store, folder);
      if (info !== undefined && isSame(info, wanted)) {
        const shared = sharedOf(info.uploadId);
        if (begin === 'join' || (await isThere(shared.multipart))) return shared;
      }
      if (begin === 'join') throw new FerryError(Code.BAD_STATE, 'there is no such transfer to join');
      if (info !== undefined) await store.abort(info.key, info.uploadId);
      await removeBelow(store, folder);
    }
    const uploadId = await store.begin(key, metadata);
    const info: UploadInfo = { ...wanted, uploadId };
    const kept = keptOf(spec, randomBytes(16).toString('hex'));
    try {
      await this.#publisher.put(`${folder}info`, Buffer.from(JSON.stringify(info)), kept, 'absent');
    } catch (error) {
      await store.abort(key, uploadId);
      if (error instanceof FerryError && error.code === Code.EXISTS) throw inUse();
      throw error;
    }
    return sharedOf(uploadId);
  }

  #handle(spec: UploadSpec, tag: string, shared: Shared): Upload {
    let hasEnded = false;
    const open = (): Multipart => {
      if (hasEnded) throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
      return shared.multipart;
    };
    /** True for the last one. */
    const end = (): boolean => {
      hasEnded = true;
      shared.handles -= 1;
      return shared.handles === 0;
    };
    return {
      run: runOf(spec.size),
      verified: () => (spec.begin === 'resume' ? open().known() : []),
      write: (index, bytes, digest) => open().write(index, bytes, digest),
      writeSlice: (index, offset, bytes) => open().writeSlice(index, offset, bytes),
      settle: (index, digest) => open().settle(index, digest),
      commit: async (root) => {
        open();
        end();
        try {
          const committed = await this.#commit(spec, tag, shared, root);
          this.#forget(tag);
          return committed;
        } catch (error) {
          // What was sent is good, unless it is not.
          const isBad = error instanceof FerryError && error.code === Code.INTEGRITY;
          await (isBad ? this.#discard(tag, shared) : this.#leave(tag, shared));
          throw error;
        }
      },
      leave: async () => {
        if (!hasEnded && end()) await this.#leave(tag, shared);
      },
      discard: async () => {
        if (hasEnded) return;
        end();
        await this.#discard(tag, shared);
      },
    };
  }

  async #commit(spec: UploadSpec, tag: string, shared: Shared, root: Uint8Array): Promise<Committed> {
    const { key, uploadId, multipart } = shared;
    const parts = await multipart.finish(root);
    const { rule } = await checkTarget(this.#objects, spec);
    try {
      await this.#publisher.complete(key, uploadId, parts, keptOf(spec, tag), rule);
    } catch (error) {
      throw asConflict(error);
    }
    multipart.drop();
    // It is published: what is left of it lies there until it is collected.
    await removeBelow(this.#objects.store, this.#folderOf(tag)).catch(() => {});
    return { facts: await this.#published(spec), durable: true };
  }

  async #published(spec: UploadSpec): Promise<Facts> {
    const head = await this.#objects.file(spec.target);
    if (head === undefined)
      throw new FerryError(Code.IO_ERROR, 'the file is gone right after it was published');
    return factsOf(nameOf(spec), 'file', head);
  }

  async #leave(tag: string, shared: Shared): Promise<void> {
    const left = shared.multipart.leave();
    this.#forget(tag);
    this.#leaving.set(tag, left);
    try {
      await left;
    } finally {
      if (this.#leaving.get(tag) === left) this.#leaving.delete(tag);
    }
  }

  async #discard(tag: string, { key, uploadId, multipart }: Shared): Promise<void> {
    this.#forget(tag);
    multipart.drop();
    await this.#objects.store.abort(key, uploadId);
    await removeBelow(this.#objects.store, this.#folderOf(tag));
  }

  #forget(tag: string, only?: Promise<Shared>): void {
    if (only === undefined || this.#shared.get(tag) === only) this.#shared.delete(tag);
  }

  #folderOf(tag: string): string {
    return this.#objects.keys.hidden(`up/${tag}/`);
  }
}

/** False when the upload is over. */
async function isThere(multipart: Multipart): Promise<boolean> {
  try {
    await multipart.look();
    return true;
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return false;
    throw error;
  }
}

function keptOf({ modified, mode }: UploadSpec, version: string): Kept {
  return { modified, mode, version };
}

function nameOf({ target }: UploadSpec): Name {
  const name = baseName(target);
  if (name === undefined) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  return name;
}

function inUse(): FerryError {
  return new FerryError(Code.BAD_STATE, 'that transfer is already under way');
}
