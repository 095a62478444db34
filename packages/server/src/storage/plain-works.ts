/**
 * Long work made of a storage's single steps: for storages that have nothing better. A folder's copy appears piece by piece
 * here. Worker threads.
 */

import { randomBytes } from 'node:crypto';
import {
  asFerryError,
  baseName,
  Code,
  type Entry,
  EntryKind,
  type Facts,
  FerryError,
  isWithin,
  type Path,
  samePath,
} from '@ferry/protocol';
import { blockCount, blockDigest, rootDigest } from '@ferry/protocol/content';
import { plainSurvey } from './plain-survey.ts';
import type { Storage } from './storage.ts';
import type { GraftSpec, Work, Works } from './works.ts';

type Steps = Omit<Storage, 'works'>;

export type PlainWorksOpts = {
  /** Entries of a folder that are under way at once. Default 1. */
  readonly width?: number;
  /** Copies one file where it lies, and counts its bytes. Default: reads and writes it. */
  readonly copyFile?: (facts: Facts, spec: GraftSpec, work: Work) => Promise<void>;
  /** Folders have no name of their own, so that each entry is moved by itself. */
  readonly movesEach?: boolean;
};

export function plainWorks(storage: Steps, opts: PlainWorksOpts = {}): Works {
  const noTrash = async (): Promise<never> => {
    throw new FerryError(Code.FORBIDDEN, 'there is no trash here: delete it for good');
  };
  return {
    ...plainSurvey(storage),
    unpack: async () => {
      throw new FerryError(Code.FORBIDDEN, 'archives cannot be unpacked here');
    },
    trash: noTrash,
    listTrash: async () => {},
    restore: noTrash,
    emptyTrash: async () => {},
    copy: async (spec, work) => {
      checkApart(spec);
      await new Plain(storage, work, opts).copy(spec, []);
    },
    move: async (spec, work) => {
      checkApart(spec);
      await new Plain(storage, work, opts).move(spec, []);
    },
    removeTree: async (path, work) => {
      if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
      await new Plain(storage, work, opts).remove(path, (await storage.stat(path)).kind, []);
    },
  };
}

function checkApart({ from, to }: GraftSpec): void {
  if (from.length === 0 || baseName(to) === undefined) {
    throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  }
  if (samePath(from, to)) throw new FerryError(Code.EXISTS, 'it is there already');
  if (isWithin(from, to)) throw new FerryError(Code.NAME_INVALID, 'a folder cannot go into itself');
}

class Plain {
  readonly #storage: Steps;
  readonly #work: Work;
  readonly #opts: PlainWorksOpts;

  constructor(storage: Steps, work: Work, opts: PlainWorksOpts) {
    this.#storage = storage;
    this.#work = work;
    this.#opts = opts;
  }

  async copy(spec: GraftSpec, below: Path): Promise<void> {
    const { facts, isJoined } = await this.#look(spec);
    if (facts === undefined) return;
    if (facts.kind === EntryKind.file) {
      const { copyFile } = this.#opts;
      await (copyFile === undefined ? this.#copyFile(facts, spec) : copyFile(facts, spec, this.#work));
      this.#work.files += 1;
      return;
    }
    if (facts.kind !== EntryKind.folder) throw new FerryError(Code.NOT_REGULAR, 'not a file or folder');
    if (!isJoined) await this.#storage.mkdir(spec.to);
    await this.#each(spec.from, below, ({ name }, shown) =>
      this.copy({ ...inside(spec), from: [...spec.from, name], to: [...spec.to, name] }, shown),
    );
    if (isJoined) return;
    await this.#storage.setFacts(spec.to, facts);
    this.#work.folders += 1;
  }

  async move(spec: GraftSpec, below: Path): Promise<void> {
    const { facts, isJoined, there } = await this.#look(spec);
    if (facts === undefined) return;
    const isFolder = facts.kind === EntryKind.folder;
    if (isJoined || (isFolder && this.#opts.movesEach === true)) {
      if (!isJoined) await this.#storage.mkdir(spec.to);
      const before = this.#work.skipped + this.#work.failed;
      await this.#each(spec.from, below, ({ name }, shown) =>
        this.move({ ...inside(spec), from: [...spec.from, name], to: [...spec.to, name] }, shown),
      );
      if (this.#work.skipped + this.#work.failed !== before) return;
      if (!isJoined) await this.#storage.setFacts(spec.to, facts);
      await this.#removeEmptied(spec.from);
      if (!isJoined) this.#work.folders += 1;
      return;
    }
    if (there !== undefined) await this.#storage.remove(spec.to);
    await this.#storage.rename(spec.from, spec.to);
    if (isFolder) this.#work.folders += 1;
    else this.#work.files += 1;
  }

  async remove(path: Path, kind: EntryKind, below: Path): Promise<void> {
    const { failed } = this.#work;
    if (kind === EntryKind.folder) {
      await this.#each(path, below, (entry, shown) => this.remove([...path, entry.name], entry.kind, shown));
    }
    if (this.#work.failed > failed) return;
    await this.#storage.remove(path);
    if (kind === EntryKind.folder) this.#work.folders += 1;
    else this.#work.files += 1;
  }

  /** What is to be put, unless it is skipped, and what is in its way. @throws EXISTS, CONFLICT, NOT_FOUND */
  async #look({ from, to, existing, expected }: GraftSpec): Promise<{
    facts: Facts | undefined;
    there: Facts | undefined;
    isJoined: boolean;
  }> {
    const turn = this.#work.turn();
    if (turn !== undefined) await turn;
    const facts = await this.#storage.stat(from);
    const there = await this.#statIfThere(to);
    const isFolder = facts.kind === EntryKind.folder;
    if (there === undefined) {
      if (expected !== undefined) throw new FerryError(Code.CONFLICT, 'the file to be replaced is gone');
      return { facts, there, isJoined: false };
    }
    const otherIsFolder = there.kind === EntryKind.folder;
    if (isFolder && otherIsFolder && existing !== 'fail') return { facts, there, isJoined: true };
    if (existing === 'skip') {
      this.#work.skipped += 1;
      return { facts: undefined, there, isJoined: false };
    }
    if (existing === 'fail' || isFolder || otherIsFolder) {
      throw new FerryError(Code.EXISTS, 'that name is taken');
    }
    if (expected !== undefined && there.identity !== expected) {
      throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
    }
    return { facts, there, isJoined: false };
  }

  /** In object storage a folder may have gone with the last that was in it. */
  async #removeEmptied(path: Path): Promise<void> {
    try {
      await this.#storage.remove(path);
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.NOT_FOUND) throw error;
    }
  }

  async #statIfThere(path: Path): Promise<Facts | undefined> {
    try {
      return await this.#storage.stat(path);
    } catch (error) {
      if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** One that fails stops no other. */
  async #each(folder: Path, below: Path, use: (entry: Entry, below: Path) => Promise<void>): Promise<void> {
    const entries: Entry[] = [];
    for await (const page of this.#storage.list(folder)) entries.push(...page);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
        const shown = [...below, entry.name];
        try {
          await use(entry, shown);
        } catch (error) {
          this.#work.fail(shown, asFerryError(error));
        }
      }
    };
    const { width = 1 } = this.#opts;
    const ends = await Promise.allSettled(Array.from({ length: Math.min(width, entries.length) }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #copyFile(facts: Facts, { from, to, existing, expected }: GraftSpec): Promise<void> {
    const { size, modified, mode, identity } = facts;
    const file = await this.#storage.openRead(from, identity);
    try {
      const transferId = randomBytes(16).toString('hex');
      const rule = existing === 'overwrite' ? 'overwrite' : 'fail';
      const order = { transferId, target: to, size, modified, mode, existing: rule, expected } as const;
      const upload = await this.#storage.createUpload(order);
      try {
        const digests: Uint8Array[] = [];
        for (let index = 0; index < blockCount(size); index++) {
          const turn = this.#work.turn();
          if (turn !== undefined) await turn;
          const length = await file.read(index, this.#work.buffer);
          const content = this.#work.buffer.subarray(0, length);
          const digest = blockDigest(content);
          await upload.write(index, content, digest);
          digests.push(digest);
          this.#work.bytes += length;
        }
        await upload.commit(rootDigest(size, digests));
      } catch (error) {
        await upload.discard();
        throw error;
      }
    } finally {
      file.close();
    }
  }
}

function inside(spec: GraftSpec): GraftSpec {
  return { ...spec, expected: undefined };
}
