/** Small files in object storage, many at once: each is one request. Made by s3-storage.ts; worker threads. */

import { randomBytes } from 'node:crypto';
import { asFerryError, Code, compareTime, FerryError, limits, type Name, type Path } from '@ferry/protocol';
import { contentDigest, sameDigest } from '@ferry/protocol/content';
import type { FetchedPart, PackFile, PackResult, PackSpec } from '../storage.ts';
import type { FolderGlances } from './folder-glances.ts';
import { inParallel } from './in-parallel.ts';
import { factsOf, type Head, isReserved } from './metadata.ts';
import type { Objects } from './objects.ts';
import type { Publisher } from './publisher.ts';

const atOnce = 64;

export class Packs {
  readonly #objects: Objects;
  readonly #publisher: Publisher;
  readonly #glances: FolderGlances;

  constructor(objects: Objects, publisher: Publisher, glances: FolderGlances) {
    this.#objects = objects;
    this.#glances = glances;
    this.#publisher = publisher;
  }

  /** As Storage.storePack. */
  async store(spec: PackSpec): Promise<PackResult> {
    const { folder, files } = spec;
    const [isFolder] = await Promise.all([
      this.#glances.foldersAmong(
        folder,
        files.map(({ name }) => name),
      ),
      this.#glances.check(folder),
    ]);
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
    await this.#glances.check(folder);
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
