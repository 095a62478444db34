/**
 * How much an account holds: counted once by walking its folder, kept up to date by all threads together, and promised before it
 * arrives, so that two uploads never share the last of it. Worker threads.
 *
 * What others change in that folder is found when it matters: who is refused is counted again, now and then.
 */

import { Code, EntryKind, FerryError, joinPath, type Path } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import type { Storage } from '../storage/storage.ts';
import { type AccountMemory, isCounted } from './account-memory.ts';
import type { Bounds } from './bounds.ts';
import { trashOwnerOf } from './principal.ts';

/** Bytes and entries: files, folders and links alike. */
export type Amount = { readonly bytes: number; readonly files: number };

/** An account that is refused is not counted again sooner, milliseconds. */
const recountMs = 30_000;

export class Quota {
  readonly #memory: AccountMemory;
  readonly #slot: number;
  readonly #count: () => Promise<Amount>;
  #counting: Promise<void> | undefined;
  #countedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param count walks what is there
   * @throws {FerryError} LIMIT when there are more accounts with bounds than can be told apart
   */
  constructor(memory: AccountMemory, account: number, count: () => Promise<Amount>) {
    const slot = memory.slotOf(account);
    if (slot === undefined) throw new FerryError(Code.LIMIT, 'the server has too many accounts with a quota');
    this.#memory = memory;
    this.#slot = slot;
    this.#count = count;
  }

  /** Holds room for what will come. @throws {FerryError} QUOTA, having taken none, and what counting throws */
  async promise(amount: Amount, bounds: Bounds): Promise<void> {
    await this.#counted();
    if (this.#take(amount, bounds)) return;
    if (performance.now() - this.#countedMs > recountMs) {
      this.forget();
      await this.#counted();
      if (this.#take(amount, bounds)) return;
    }
    throw new FerryError(Code.QUOTA, 'your quota is used up: delete something, or ask the owner for more');
  }

  /** What came of a promise: so much is there more than before, or less. */
  settle(promised: Amount, change: Amount): void {
    this.#add(this.#memory.promised, -promised.bytes, -promised.files);
    this.#add(this.#memory.held, change.bytes - promised.bytes, change.files - promised.files);
  }

  /** What is held and promised. @throws what counting throws */
  async used(): Promise<Amount> {
    await this.#counted();
    const { held } = this.#memory;
    return {
      bytes: Math.max(0, Number(Atomics.load(held, this.#slot * 2))),
      files: Math.max(0, Number(Atomics.load(held, this.#slot * 2 + 1))),
    };
  }

  /** To be counted again when it is needed next. */
  forget(): void {
    Atomics.store(this.#memory.counted, this.#slot, 0);
  }

  /** Added first and looked at then: of two threads that take the last at once, at most one gets it. */
  #take({ bytes, files }: Amount, { quotaBytes = Infinity, quotaFiles = Infinity }: Bounds): boolean {
    const [nowBytes, nowFiles] = this.#add(this.#memory.held, bytes, files);
    // Nothing more is no harm, however full it is: a smaller version may replace a larger one.
    const fits = (bytes === 0 || nowBytes <= quotaBytes) && (files === 0 || nowFiles <= quotaFiles);
    if (fits) this.#add(this.#memory.promised, bytes, files);
    else this.#add(this.#memory.held, -bytes, -files);
    return fits;
  }

  /** Gives what there is then. */
  #add(numbers: BigInt64Array, bytes: number, files: number): readonly [bytes: number, files: number] {
    const at = this.#slot * 2;
    return [
      Number(Atomics.add(numbers, at, BigInt(bytes))) + bytes,
      Number(Atomics.add(numbers, at + 1, BigInt(files))) + files,
    ];
  }

  async #counted(): Promise<void> {
    if (Atomics.load(this.#memory.counted, this.#slot) === isCounted) return;
    this.#counting ??= this.#countNow().finally(() => {
      this.#counting = undefined;
    });
    await this.#counting;
  }

  /** Several threads may count at once; the first that is ready tells the others. */
  async #countNow(): Promise<void> {
    const { bytes, files } = await this.#count();
    const { counted, held } = this.#memory;
    if (Atomics.compareExchange(counted, this.#slot, 0, 1) === 0) {
      const at = this.#slot * 2;
      Atomics.store(held, at, BigInt(bytes) + this.#memory.promisedByAll(at));
      Atomics.store(held, at + 1, BigInt(files) + this.#memory.promisedByAll(at + 1));
      Atomics.store(counted, this.#slot, isCounted);
    }
    this.#countedMs = performance.now();
  }
}

/** The quotas of one worker, each made when it is first needed. */
export class Quotas {
  readonly #memory: AccountMemory;
  readonly #storage: Storage;
  readonly #made = new Map<number, { readonly root: string; readonly quota: Quota }>();

  constructor(memory: AccountMemory, storage: Storage) {
    this.#memory = memory;
    this.#storage = storage;
  }

  /** @throws {FerryError} as Quota */
  of(account: number, root: Path): Quota {
    const key = root.join('/');
    const found = this.#made.get(account);
    if (found?.root === key) return found.quota;
    const quota = new Quota(this.#memory, account, async () => {
      const there = await amountIn(this.#storage, root);
      const trashed = await amountInTrash(this.#storage, root, trashOwnerOf(account));
      return { bytes: there.bytes + trashed.bytes, files: there.files + trashed.files };
    });
    if (found !== undefined) quota.forget();
    this.#made.set(account, { root: key, quota });
    return quota;
  }
}

/** What an account has in its trash: it can have it back. */
async function amountInTrash(storage: Storage, root: Path, owner: string): Promise<Amount> {
  let bytes = 0;
  let files = 0;
  await storage.works.listTrash(owner, root, new Work(), (trashed) => {
    bytes += trashed.bytes;
    files += trashed.files;
  });
  return { bytes, files };
}

/** All that is in a folder, and below. What cannot be listed counts as nothing. */
export async function amountIn(storage: Storage, root: Path): Promise<Amount> {
  let bytes = 0;
  let files = 0;
  const folders: Path[] = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      for await (const page of storage.list(folder)) {
        for (const { name, kind, size } of page) {
          files += 1;
          if (kind === EntryKind.folder) folders.push(joinPath(folder, name));
          else if (kind === EntryKind.file) bytes += size;
        }
        // A large folder is not counted at everybody's expense.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
    }
  }
  return { bytes, files };
}
