/** Small files in object storage, many at once: each is one request. Made by s3-storage.ts; worker threads. */

import { randomBytes } from 'node:crypto';
import { asFerryError, Code, compareTime, FerryError, limits, type Name, type Path } from '@ferry/protocol';
import { contentDigest, sameDigest } from '@ferry/protocol/content';
import type { FetchedPart, PackFile, PackResult, PackSpec } from '../storage.ts';
import { inParallel } from './in-parallel.ts';
import { keyPart } from './keys.ts';
import { factsOf, type Head, isReserved } from './metadata.ts';
import type { Objects } from './objects.ts';
import type { Publisher } from './publisher.ts';

const atOnce = 64;

export class Packs {
  readonly #objects: Objects;
  readonly #publisher: Publisher;

  constructor(objects: Objects, publisher: Publisher) {
    this.#objects = objects;
    this.#publisher = publisher;
  }

  /** As Storage.storePack. */
  async store(spec: PackSpec): Promise<PackResult> {
    const [isFolder] = await Promise.all([this.#foldersAmong(spec), this.#objects.checkFolder(spec.folder)]);
    const outcomes = await inParallel(spec.files, atOnce, async (file) => {
      try {
        await this.#storeOne(spec, file, isFolder);
        return undefined;
      } catch (error) {
        return asFerryError(error);
      }
    });
    return { outcomes, durable: true };
  }

  /** As Storage.fetchPack. */
  async *fetch(folder: Path, names: readonly Name[]): AsyncGenerator<FetchedPart | FerryError, void, void> {
    await this.#objects.checkFolder(folder);
    const ahead: Promise<FetchedPart | FerryError>[] = [];
    let next = 0;
    while (next < names.length || ahead.length > 0) {
      while (next < names.length && ahead.length < atOnce) {
        const name = names[next++];
        if (name !== undefined) ahead.push(this.#fetchOne(folder, name));
      }
      const first = ahead.shift();
      if (first !== undefined) yield await first;
    }
  }

  /** Never rejects. */
  async #fetchOne(folder: Path, name: Name): Promise<FetchedPart | FerryError> {
    try {
      const path = [...folder, name];
      const found = await this.#objects.store.get(this.#objects.keys.file(path), limits.packedFileBytes);
      if (found === undefined || isReserved(found.head)) {
        const code = (await this.#objects.isFolder(path)) ? Code.NOT_REGULAR : Code.NOT_FOUND;
        throw new FerryError(code, code === Code.NOT_FOUND ? 'no such file or folder' : 'not a regular file');
      }
      return { facts: factsOf(name, 'file', found.head), content: found.content };
    } catch (error) {
      return asFerryError(error);
    }
  }

  /** Which of the names are folders: one listing tells it of all, unless there is too much between the first and the last. */
  async #foldersAmong({ folder, files }: PackSpec): Promise<(name: Name) => Promise<boolean>> {
    const { store, keys } = this.#objects;
    const prefix = keys.folder(folder);
    const parts = files.map(({ name }) => Buffer.from(keyPart(name)));
    const [first] = parts.toSorted((a, b) => Buffer.compare(a, b));
    if (first === undefined) return () => Promise.resolve(false);
    // The folder's own marker is before all; right before the first name is where nothing of ours lies.
    const page = await store.list({ prefix, byFolder: true, after: prefix + first.toString() });
    const folders = new Set(page.prefixes);
    const told = [...page.objects.map(({ key }) => key), ...page.prefixes].map((key) => Buffer.from(key));
    const last = page.next === undefined ? undefined : told.toSorted((a, b) => Buffer.compare(a, b)).at(-1);
    return async (name) => {
      const key = `${prefix}${keyPart(name)}/`;
      const isTold = last === undefined || Buffer.compare(Buffer.from(key), last) <= 0;
      return isTold ? folders.has(key) : this.#objects.isFolder([...folder, name]);
    };
  }

  async #storeOne(
    { folder, existing, again }: PackSpec,
    { name, modified, mode, rootDigest, content }: PackFile,
    isFolder: (name: Name) => Promise<boolean>,
  ): Promise<void> {
    if (!sameDigest(contentDigest(content), rootDigest)) {
      throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
    }
    const path = [...folder, name];
    const key = this.#objects.keys.file(path);
    if (await isFolder(name)) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
    const root = Buffer.from(rootDigest).toString('hex');
    const kept = { modified, mode, version: randomBytes(16).toString('hex'), root };
    const isSame = (there: Head | undefined): boolean =>
      there !== undefined &&
      there.metadata['ferry-root'] === root &&
      compareTime(factsOf(name, 'file', there).modified, modified) === 0;
    if (again && existing === 'overwrite' && isSame(await this.#objects.file(path))) return;
    try {
      await this.#publisher.put(key, content, kept, existing === 'fail' ? 'absent' : 'any');
    } catch (error) {
      const isTaken = error instanceof FerryError && error.code === Code.EXISTS;
      if (again && isTaken && isSame(await this.#objects.file(path))) return;
      throw error;
    }
  }
}
