/**
 * Files in object storage. All that is known of a file stands in the bucket, so any number of threads and servers may share it. What is
 * behind a key: keys.ts; how a file gets its name: publisher.ts; uploads that any server can go on with: uploads.ts. Used on worker
 * threads.
 */

import { randomBytes } from 'node:crypto';
import {
  baseName,
  Code,
  type Entry,
  type Facts,
  FerryError,
  isWithin,
  type Name,
  type Owner,
  type Path,
  parentPath,
  type Time,
} from '@ferry/protocol';
import {
  checkSignal,
  type FetchedPart,
  type PackResult,
  type PackSpec,
  type ReadHandle,
  type Space,
  type Storage,
  type Upload,
  type UploadSpec,
  type Wait,
  type Works,
} from '../storage.ts';
import { BucketTrash } from './bucket-trash.ts';
import { collectUploads } from './collect-uploads.ts';
import { Copies } from './copies.ts';
import { FolderGlances, toldTo } from './folder-glances.ts';
import { inParallel } from './in-parallel.ts';
import { Keys } from './keys.ts';
import { factsOf, isAbandoned, isReserved, metadataOf } from './metadata.ts';
import { ObjectReader } from './object-reader.ts';
import type { ObjectStore } from './object-store.ts';
import { Objects } from './objects.ts';
import { Packs } from './packs.ts';
import { PartMemory } from './part-memory.ts';
import { Publisher } from './publisher.ts';
import { s3Works } from './s3-works.ts';
import { Uploads } from './uploads.ts';

/** A folder of more keys is not renamed in one step: each of them is a copy. */
const renameKeys = 1000;
const copiesAtOnce = 16;

export class S3Storage implements Storage {
  readonly works: Works;
  readonly #objects: Objects;
  readonly #publisher: Publisher;
  readonly #copies: Copies;
  readonly #packs: Packs;
  readonly #uploads: Uploads;
  readonly #trash: BucketTrash;

  /** Takes the store over: closing the storage closes it. @param prefix as an address has it */
  /** @param memory for what is being uploaded */
  constructor(store: ObjectStore, prefix: string, memory = PartMemory.ofThread(2)) {
    const keys = new Keys(prefix);
    const told = toldTo(store, () => glances);
    this.#objects = new Objects(told, keys);
    const glances = new FolderGlances(this.#objects);
    this.#publisher = new Publisher(told, keys);
    this.#copies = new Copies(this.#objects, this.#publisher);
    this.#packs = new Packs(this.#objects, this.#publisher, glances);
    this.#uploads = new Uploads(this.#objects, this.#publisher, memory);
    this.#trash = new BucketTrash(this.#objects, this.#copies, this.#publisher);
    this.works = s3Works(this, this.#objects, this.#copies, this.#trash);
  }

  async *list(path: Path, opts: Wait = {}): AsyncGenerator<readonly Entry[], void, void> {
    checkSignal(opts);
    for await (const page of this.#objects.list(path, opts.signal)) {
      yield page;
      checkSignal(opts);
    }
  }

  async stat(path: Path, opts: Wait = {}): Promise<Facts> {
    checkSignal(opts);
    return (await this.#objects.stat(path)).facts;
  }

  async mkdir(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    if (path.length === 0) throw taken();
    const key = this.#objects.keys.folder(path);
    const [isFolder, file] = await Promise.all([
      this.#objects.isFolder(path),
      this.#objects.store.head(this.#objects.keys.file(path)),
      this.#objects.checkFolder(parentPath(path)),
    ]);
    // Also where the name is held for a file that is about to be there.
    if (isFolder || (file !== undefined && !isAbandoned(file, Date.now()))) throw taken();
    await this.#publisher.put(key, nothing, { ...newFolder(), modified: timeNow() }, 'absent', true);
  }

  async rename(from: Path, to: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    if (to.length > from.length && isWithin(from, to)) {
      throw new FerryError(Code.NAME_INVALID, 'a folder cannot be moved into itself');
    }
    checkNotRoot(from);
    checkNotRoot(to);
    this.#objects.keys.file(to);
    const { facts, head } = await this.#objects.stat(from);
    const found = await this.#objects.find(from);
    if (found?.kind === 'file' && head !== undefined) {
      await this.#copies.copy(facts, { from, to, existing: 'fail' });
      await this.#removeKey(this.#objects.keys.file(from));
    } else await this.#renameFolder(from, to);
  }

  async #renameFolder(from: Path, to: Path): Promise<void> {
    const { store, keys } = this.#objects;
    const [oldPrefix, newPrefix] = [keys.folder(from), keys.folder(to)];
    const [page, there] = await Promise.all([
      store.list({ prefix: oldPrefix, most: renameKeys }),
      this.#objects.find(to),
      this.#objects.checkFolder(parentPath(to)),
    ]);
    if (there !== undefined) throw taken();
    if (page.next !== undefined) {
      throw new FerryError(
        Code.FORBIDDEN,
        `in object storage each file of a folder is copied for a new name: move it, as it has more than ${renameKeys}`,
      );
    }
    await this.#publisher.put(newPrefix, nothing, newFolder(), 'absent', true);
    const old = page.objects.map(({ key }) => key);
    await inParallel(old, copiesAtOnce, async (key) => {
      await store.copy(key, newPrefix + key.slice(oldPrefix.length));
    });
    await store.removeAll(old);
  }

  async remove(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    checkNotRoot(path);
    const { store, keys } = this.#objects;
    const found = await this.#objects.find(path);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    if (found.kind === 'file') return this.#removeKey(keys.file(path));
    const key = keys.folder(path);
    const { objects } = await store.list({ prefix: key, most: 2 });
    if (objects.some((object) => object.key !== key)) {
      throw new FerryError(Code.NOT_EMPTY, 'the folder is not empty');
    }
    return this.#removeKey(key);
  }

  async #removeKey(key: string): Promise<void> {
    await this.#objects.store.remove(key);
    this.#objects.heads.forget(key);
  }

  async setFacts(
    path: Path,
    { modified, mode }: { modified: Time; mode: number },
    opts: Wait = {},
  ): Promise<void> {
    checkSignal(opts);
    checkNotRoot(path);
    const found = await this.#objects.find(path);
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    const isFolder = found.kind === 'folder';
    const kept = metadataOf({ modified, mode, version: randomVersion() }, isFolder);
    if (found.kind === 'folder') {
      await this.#objects.store.put(this.#objects.keys.folder(path), nothing, kept);
    } else {
      await this.#copies.describe(this.#objects.keys.file(path), found.head, {
        ...found.head.metadata,
        ...kept,
      });
    }
  }

  async owner(path: Path, opts: Wait = {}): Promise<Owner> {
    await this.stat(path, opts);
    throw new FerryError(Code.FORBIDDEN, 'files in object storage belong to nobody');
  }

  async setOwner(path: Path, _owner: Owner, opts: Wait = {}): Promise<void> {
    await this.owner(path, opts);
  }

  async readLink(path: Path, opts: Wait = {}): Promise<string> {
    await this.stat(path, opts);
    throw new FerryError(Code.NOT_REGULAR, 'not a symbolic link');
  }

  async makeLink(_path: Path, _target: string, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    throw new FerryError(Code.FORBIDDEN, 'there are no symbolic links in object storage');
  }

  /** What a bucket has room for nobody can ask. */
  async space(path: Path, opts: Wait = {}): Promise<Space> {
    checkSignal(opts);
    await this.#objects.checkFolder(path);
    return { free: 0, total: 0 };
  }

  async openRead(path: Path, identity: string | undefined, opts: Wait = {}): Promise<ReadHandle> {
    checkSignal(opts);
    const head = await this.#objects.file(path);
    if (head === undefined) {
      if (await this.#objects.isFolder(path)) throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
      throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    }
    const facts = factsOf(baseName(path) ?? ('~' as Name), 'file', head);
    if (identity !== undefined && identity !== facts.identity) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file has changed since you looked');
    }
    return new ObjectReader({
      store: this.#objects.store,
      key: this.#objects.keys.file(path),
      etag: head.etag,
      facts,
      look: async () => {
        const now = await this.#objects.file(path);
        return (
          now !== undefined &&
          !isReserved(now) &&
          factsOf(facts.name, 'file', now).identity === facts.identity
        );
      },
    });
  }

  createUpload(spec: UploadSpec, opts: Wait = {}): Promise<Upload> {
    return this.#uploads.create(spec, opts);
  }

  async storePack(spec: PackSpec, opts: Wait = {}): Promise<PackResult> {
    checkSignal(opts);
    return this.#packs.store(spec);
  }

  async *fetchPack(
    folder: Path,
    names: readonly Name[],
    opts: Wait = {},
  ): AsyncGenerator<FetchedPart | FerryError, void, void> {
    checkSignal(opts);
    yield* this.#packs.fetch(folder, names);
  }

  /**
   * Gives up uploads that nobody has gone on with, and what has been in a trash too long; one worker does this, once in a while.
   * @throws {FerryError} what the store throws
   */
  async collect(maxAgeMs: number, nowMs: number): Promise<void> {
    await collectUploads(this.#objects, maxAgeMs, nowMs);
    await this.#trash.collect(nowMs);
  }

  close(): void {
    this.#objects.store.close();
  }
}

const nothing = new Uint8Array(0);

function newFolder(): { modified: Time; mode: number; version: string } {
  return { modified: timeNow(), mode: 0o755, version: randomVersion() };
}

function timeNow(): Time {
  const ms = Date.now();
  return { s: Math.floor(ms / 1000), ns: (ms % 1000) * 1e6 };
}

function randomVersion(): string {
  return randomBytes(16).toString('hex');
}

function checkNotRoot(path: Path): void {
  if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
}

function taken(): FerryError {
  return new FerryError(Code.EXISTS, 'that name is taken');
}
