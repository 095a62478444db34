/**
 * A folder of this machine as storage. All work is done at once on the worker's own thread: for local disks that is the
 * fastest, and the peer's window closes by itself when the disk is slow. Used on worker threads.
 */

import {
  Code,
  type Entry,
  type Facts,
  FerryError,
  type Name,
  type Owner,
  type Path,
  type Time,
} from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import { committedBefore } from './committed-before.ts';
import { localWorks } from './local-works.ts';
import {
  type Committed,
  checkSignal,
  type FetchedPart,
  type ReadHandle,
  type Space,
  type Storage,
  type Upload,
  type UploadSpec,
  type Wait,
  type Works,
} from './storage.ts';

export class LocalStorage implements Storage {
  readonly #root: disk.Root;
  readonly #staging: disk.Staging;
  readonly works: Works;
  readonly #keepsOwners: boolean;

  /** @throws {FerryError} as Root.open: NOT_FOUND, NOT_FOLDER, FORBIDDEN, CONFIG */
  static open(folder: string, opts: disk.RootOpts & { keepsOwners?: boolean } = {}): LocalStorage {
    return new LocalStorage(disk.Root.open(folder, opts), opts.keepsOwners);
  }

  /** Takes the root over: closing the storage closes it. */
  constructor(root: disk.Root, keepsOwners = false) {
    this.#root = root;
    this.#keepsOwners = keepsOwners;
    this.#staging = new disk.Staging(root);
    this.works = localWorks(root, this.#staging);
  }

  async *list(path: Path, opts: Wait = {}): AsyncGenerator<readonly Entry[], void, void> {
    checkSignal(opts);
    for (const page of disk.list(this.#root, path)) {
      yield page;
      checkSignal(opts);
    }
  }

  async stat(path: Path, opts: Wait = {}): Promise<Facts> {
    checkSignal(opts);
    return disk.stat(this.#root, path);
  }

  async mkdir(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    disk.mkdir(this.#root, path);
  }

  async rename(from: Path, to: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    disk.rename(this.#root, from, to);
  }

  async remove(path: Path, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    disk.remove(this.#root, path);
  }

  async setFacts(path: Path, facts: { modified: Time; mode: number }, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    disk.setFacts(this.#root, path, facts);
  }

  async owner(path: Path, opts: Wait = {}): Promise<Owner> {
    checkSignal(opts);
    this.#checkOwners();
    return disk.ownerOf(this.#root, path);
  }

  async setOwner(path: Path, owner: Owner, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    this.#checkOwners();
    disk.setOwner(this.#root, path, owner);
  }

  #checkOwners(): void {
    if (!this.#keepsOwners) throw new FerryError(Code.FORBIDDEN, 'the server neither tells nor sets owners');
  }

  async readLink(path: Path, opts: Wait = {}): Promise<string> {
    checkSignal(opts);
    return disk.readLink(this.#root, path);
  }

  async makeLink(path: Path, target: string, opts: Wait = {}): Promise<void> {
    checkSignal(opts);
    disk.makeLink(this.#root, path, target);
  }

  async space(path: Path, opts: Wait = {}): Promise<Space> {
    checkSignal(opts);
    return disk.space(this.#root, path);
  }

  async openRead(path: Path, identity: string | undefined, opts: Wait = {}): Promise<ReadHandle> {
    checkSignal(opts);
    const file = disk.openRead(this.#root, path);
    if (identity === undefined || file.facts.identity === identity) return file;
    file.close();
    throw new FerryError(Code.SOURCE_CHANGED, 'the file has changed since you looked');
  }

  async createUpload(spec: UploadSpec, opts: Wait = {}): Promise<Upload> {
    checkSignal(opts);
    const known = spec.begin === 'resume' ? this.#staging.committed(spec) : undefined;
    if (known !== undefined) return committedBefore(known);
    let file: disk.StagedFile;
    try {
      file = this.#open(spec);
    } catch (error) {
      return committedBefore(this.#committedMeanwhile(spec, error));
    }
    return {
      verified: () => file.verified(),
      write: (index, bytes, digest) => file.writeBeside(index, bytes, digest),
      commit: async (rootDigest): Promise<Committed> => {
        try {
          return file.commit(rootDigest);
        } catch (error) {
          return this.#committedMeanwhile(spec, error);
        }
      },
      writeSlice: (index, offset, bytes) => file.writeSlice(index, offset, bytes),
      settle: (index, digest) => file.settle(index, digest),
      leave: () => file.leave(),
      discard: () => file.discard(),
    };
  }

  /** An earlier attempt may have come to its end, on a line that its sender has given up. @throws `error` if it has not */
  #committedMeanwhile(spec: UploadSpec, error: unknown): Committed {
    const isTaken =
      error instanceof FerryError && (error.code === Code.EXISTS || error.code === Code.CONFLICT);
    const known = isTaken && (spec.begin ?? 'fresh') !== 'fresh' ? this.#staging.committed(spec) : undefined;
    if (known === undefined) throw error;
    return known;
  }

  #open(spec: UploadSpec): disk.StagedFile {
    const { begin = 'fresh' } = spec;
    const found =
      begin === 'fresh' ? undefined : this.#staging.reopen({ ...spec, isRemembered: true }, begin);
    if (found !== undefined) return found;
    if (begin === 'join') throw new FerryError(Code.BAD_STATE, 'there is no such transfer to join');
    return this.#staging.create({ ...spec, isRemembered: true });
  }

  async storePack(spec: disk.PackSpec, opts: Wait = {}): Promise<disk.PackResult> {
    checkSignal(opts);
    return disk.storePack(this.#staging, spec);
  }

  async *fetchPack(
    folder: Path,
    names: readonly Name[],
    opts: Wait = {},
  ): AsyncGenerator<FetchedPart | FerryError, void, void> {
    checkSignal(opts);
    for (const found of disk.fetchPack(this.#root, folder, names))
      yield found instanceof FerryError
        ? found
        : { facts: disk.factsOf(found.name, found.stats), content: found.content };
  }

  /** Removes partial files that dead transfers left behind; gives their number. One worker does this, once in a while. */
  collect(maxAgeMs: number, nowMs: number): number {
    return this.#staging.collect(maxAgeMs, nowMs);
  }

  /** Removes for good what has been in a trash for too long. */
  collectTrash(nowMs: number): Promise<number> {
    return new disk.Trash(this.#root).collect(nowMs);
  }

  /** The same for half-made copies of folders. */
  collectTrees(maxAgeMs: number, nowMs: number): Promise<number> {
    return disk.collectTrees(this.#staging, maxAgeMs, nowMs);
  }

  close(): void {
    this.#root.close();
  }
}
