/**
 * Files in memory: the storage contract without a disk, for tests and as its shortest reading. Any thread; not shared
 * between threads.
 */

import { randomBytes } from 'node:crypto';
import {
  asFerryError,
  baseName,
  Code,
  compareTime,
  type Entry,
  EntryKind,
  encodePath,
  epoch,
  type Facts,
  FerryError,
  isWithin,
  limits,
  type Name,
  type Owner,
  type Path,
  parentPath,
  stagingName,
  type Time,
} from '@ferry/protocol';
import { blockDigest, blockLength, blockOffset } from '@ferry/protocol/content';
import { MemoryUpload } from './memory-upload.ts';
import { plainWorks } from './plain-works.ts';
import {
  checkSignal,
  type FetchedPart,
  type PackFile,
  type PackResult,
  type PackSpec,
  type ReadHandle,
  type Space,
  type Storage,
  type Upload,
  type UploadSpec,
  type Wait,
  type Works,
} from './storage.ts';

export type MemoryFile = { readonly facts: Facts; readonly bytes: Uint8Array };
type Folder = { facts: Facts; readonly entries: Map<Name, Node> };
type Node = MemoryFile | Folder;

export type MemoryStorageOpts = {
  /** Bytes that all files together may have. Default 1 GiB. */
  readonly capacity?: number;
};

export class MemoryStorage implements Storage {
  readonly works: Works = plainWorks(this);
  readonly #capacity: number;
  readonly #root: Folder;
  readonly #uploads = new Set<string>();
  #used = 0;
  #versions = 0;

  constructor(opts: MemoryStorageOpts = {}) {
    this.#capacity = opts.capacity ?? 2 ** 30;
    this.#root = this.#newFolder('~' as Name);
  }

  async *list(path: Path, opts: Wait = {}): AsyncGenerator<readonly Entry[], void, void> {
    checkSignal(opts);
    const rows = [...this.#folder(path).entries.values()].map(
      ({ facts: { identity: _, sparse: __, ...entry } }): Entry => entry,
    );
    // With names of full length this stays below limits.pageBytes.
    const pageEntries = Math.min(limits.pageEntries, Math.floor(limits.pageBytes / (limits.nameBytes + 36)));
    for (let from = 0; from < rows.length; from += pageEntries) {
      yield rows.slice(from, from + pageEntries);
      checkSignal(opts);
    }
  }

  async stat(path: Path, opts: Wait = {}): Promise<Facts> {
    checkSignal(opts);
    return this.#node(path).facts;
  }

  async mkdir(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    if (path.length === 0) throw taken();
    const { folder, name } = this.#place(path);
    if (folder.entries.has(name)) throw taken();
    folder.entries.set(name, this.#newFolder(name));
  }

  async rename(from: Path, to: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    if (to.length > from.length && isWithin(from, to)) {
      throw new FerryError(Code.NAME_INVALID, 'a folder cannot be moved into itself');
    }
    const source = this.#place(from);
    const node = this.#node(from);
    const target = this.#place(to);
    if (target.folder.entries.has(target.name)) throw taken();
    source.folder.entries.delete(source.name);
    target.folder.entries.set(target.name, { ...node, facts: { ...node.facts, name: target.name } });
  }

  async remove(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    const { folder, name } = this.#place(path);
    const node = this.#node(path);
    if ('entries' in node && node.entries.size > 0)
      throw new FerryError(Code.NOT_EMPTY, 'the folder is not empty');
    folder.entries.delete(name);
    this.#used -= node.facts.size;
  }

  async space(path: Path, opts: Wait = {}): Promise<Space> {
    checkSignal(opts);
    this.#folder(path);
    return { free: this.#capacity - this.#used, total: this.#capacity };
  }

  async openRead(path: Path, identity: string | undefined, opts: Wait = {}): Promise<ReadHandle> {
    checkSignal(opts);
    const node = this.#node(path);
    if ('entries' in node) throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
    const { facts, bytes } = node;
    if (identity !== undefined && identity !== facts.identity) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file has changed since you looked');
    }
    return {
      facts,
      read: (index, buffer) => {
        const length = blockLength(facts.size, index);
        buffer.set(bytes.subarray(blockOffset(index), blockOffset(index) + length));
        return length;
      },
      readAt: (offset, target) => {
        if (offset + target.length > bytes.length) {
          throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
        }
        target.set(bytes.subarray(offset, offset + target.length));
      },
      unchanged: () => this.#find(path)?.facts.identity === facts.identity,
      close: () => {},
    };
  }

  async createUpload(spec: UploadSpec, opts: Wait = {}): Promise<Upload> {
    checkSignal(opts);
    this.#checkTarget(spec);
    const free = this.#capacity - this.#used;
    if (spec.size > free) {
      throw new FerryError(Code.NO_SPACE, `the file needs ${spec.size} bytes and only ${free} are free`);
    }
    if (this.#uploads.has(spec.transferId))
      throw new FerryError(Code.BAD_STATE, 'that transfer is already under way');
    this.#uploads.add(spec.transferId);
    return new MemoryUpload(spec.size, {
      publish: (bytes) => ({ facts: this.#publish(spec, bytes), durable: false }),
      ended: () => this.#uploads.delete(spec.transferId),
    });
  }

  async setFacts(
    path: Path,
    { modified, mode }: { modified: Time; mode: number },
    opts: Wait = {},
  ): Promise<void> {
    checkSignal(opts);
    const { folder, name } = this.#place(path);
    const node = folder.entries.get(name);
    if (node === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    const facts: Facts = { ...node.facts, modified, mode: mode & 0o777, identity: this.#nextIdentity() };
    folder.entries.set(name, { ...node, facts });
  }

  async owner(path: Path, opts: Wait = {}): Promise<Owner> {
    await this.stat(path, opts);
    throw new FerryError(Code.FORBIDDEN, 'files belong to nobody here');
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
    throw new FerryError(Code.FORBIDDEN, 'there are no symbolic links here');
  }

  async storePack({ folder, existing, again, files }: PackSpec, opts: Wait = {}): Promise<PackResult> {
    checkSignal(opts);
    await this.list(folder).next();
    const outcomes = await Promise.all(
      files.map((file) =>
        this.#storeOne(folder, existing, again, file).catch((error) => asFerryError(error)),
      ),
    );
    return { outcomes: outcomes.map((outcome) => outcome ?? undefined), durable: false };
  }

  async #storeOne(
    folder: Path,
    existing: 'fail' | 'overwrite',
    again: boolean,
    file: PackFile,
  ): Promise<undefined> {
    const { name, modified, mode, content } = file;
    const target = [...folder, name];
    const there = this.#place(target).folder.entries.get(name);
    const same = there !== undefined && 'bytes' in there && Buffer.compare(there.bytes, content) === 0;
    if (again && same && compareTime(there.facts.modified, modified) === 0) return;
    const transferId = randomBytes(16).toString('hex');
    const spec: UploadSpec = { transferId, target, size: content.length, modified, mode, existing };
    const upload = await this.createUpload(spec);
    if (content.length > 0) await upload.write(0, content, blockDigest(content));
    await upload.commit(file.rootDigest);
  }

  async *fetchPack(
    folder: Path,
    names: readonly Name[],
    opts: Wait = {},
  ): AsyncGenerator<FetchedPart | FerryError, void, void> {
    checkSignal(opts);
    await this.list(folder).next();
    for (const name of names) {
      try {
        const file = await this.openRead([...folder, name], undefined);
        const { facts } = file;
        if (facts.size > limits.packedFileBytes) throw new FerryError(Code.LIMIT, 'the file is no small one');
        const content = Buffer.alloc(facts.size);
        if (facts.size > 0) await file.read(0, content);
        file.close();
        yield { facts, content };
      } catch (error) {
        yield asFerryError(error);
      }
    }
  }

  close(): void {}

  #publish(spec: UploadSpec, bytes: Uint8Array): Facts {
    const old = this.#checkTarget(spec);
    const { folder, name } = this.#place(spec.target);
    const facts: Facts = {
      name,
      kind: EntryKind.file,
      size: spec.size,
      modified: spec.modified,
      mode: spec.mode & 0o777,
      identity: this.#nextIdentity(),
      sparse: false,
    };
    folder.entries.set(name, { facts, bytes });
    this.#used += spec.size - (old?.facts.size ?? 0);
    return facts;
  }

  /** What would be replaced. */
  #checkTarget({ target, existing, expected }: UploadSpec): Node | undefined {
    const { folder, name } = this.#place(target);
    const node = folder.entries.get(name);
    if (node !== undefined && (existing === 'fail' || 'entries' in node)) throw taken();
    if (existing === 'overwrite' && expected !== undefined && node?.facts.identity !== expected) {
      throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
    }
    return node;
  }

  #newFolder(name: Name): Folder {
    const facts: Facts = {
      name,
      kind: EntryKind.folder,
      size: 0,
      modified: epoch,
      mode: 0o755,
      identity: this.#nextIdentity(),
      sparse: false,
    };
    return { facts, entries: new Map() };
  }

  #nextIdentity(): string {
    this.#versions += 1;
    return String(this.#versions);
  }

  #place(path: Path): { folder: Folder; name: Name } {
    const name = baseName(path);
    if (name === undefined) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
    if (path[0] === stagingName) throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
    return { folder: this.#folder(parentPath(path)), name };
  }

  #folder(path: Path): Folder {
    const node = this.#node(path);
    if ('entries' in node) return node;
    throw new FerryError(Code.NOT_FOLDER, 'not a folder');
  }

  #node(path: Path): Node {
    if (path[0] === stagingName) throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
    if (path.length > limits.pathDepth || encodePath(path).length > limits.pathBytes) {
      throw new FerryError(Code.NAME_TOO_LONG, 'the path is too long');
    }
    const node = this.#find(path);
    if (node === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    return node;
  }

  #find(path: Path): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path) {
      if (node === undefined || !('entries' in node)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }
}

function taken(): FerryError {
  return new FerryError(Code.EXISTS, 'that name is taken');
}
