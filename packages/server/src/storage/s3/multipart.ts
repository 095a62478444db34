/**
 * A file of several parts that is being uploaded, as one thread of one server has it: what it holds, and what it knows to be stored.
 * Blocks wait in memory until their part is whole. What does not become whole here, because other blocks of that part go to another
 * thread or server, is put into the store block by block when this thread's last lane leaves; whoever commits puts it together. So any
 * balancing of lanes gives the same file, and lanes that take whole runs of blocks give it without detours. Made by uploads.ts; worker
 * threads.
 */

import { Code, FerryError, limits } from '@ferry/protocol';
import { blockCount, blockDigest, blockLength, rootDigest, sameDigest } from '@ferry/protocol/content';
import { inParallel } from './in-parallel.ts';
import type { ObjectStore, Part } from './object-store.ts';
import type { PartMemory } from './part-memory.ts';
import { PendingRun } from './pending-run.ts';
import { blockName, partNames, readName } from './upload-keys.ts';

/** Parts of one file that are on their way to the store; who brings more waits. */
const partsOnTheirWay = 4;
const atOnce = 8;
/** Each is in memory twice for a moment, of each file that is committed. */
const fetchedAtOnce = 4;

export type MultipartSpec = {
  readonly store: ObjectStore;
  readonly memory: PartMemory;
  /** What the names of all that is known of it begin with. */
  readonly folder: string;
  /** Where it is going to be. */
  readonly key: string;
  readonly uploadId: string;
  readonly size: number;
  /** Blocks in a part. */
  readonly run: number;
};

type Stored = { readonly etag: string; readonly digests: readonly Uint8Array[] };

export class Multipart {
  readonly #spec: MultipartSpec;
  readonly #pending = new Map<number, PendingRun>();
  readonly #sliced = new Map<number, Buffer>();
  /** Of the blocks in memory. */
  readonly #digests = new Map<number, Uint8Array>();
  /** Blocks that are in the store by themselves. */
  readonly #loose = new Map<number, Uint8Array>();
  /** By number, from 1. */
  readonly #parts = new Map<number, Stored>();
  readonly #onTheirWay = new Map<number, Promise<void>>();
  /** Parts that a commit puts together; the same commit may come over another lane. */
  readonly #gathering = new Map<number, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #drops = 0;

  constructor(spec: MultipartSpec) {
    this.#spec = spec;
  }

  /** Learns what is in the store, whoever put it there. @throws NOT_FOUND: the upload is over */
  async look(): Promise<void> {
    const { store, key, uploadId, folder } = this.#spec;
    const named = new Map<string, Uint8Array[]>();
    const stored = new Map((await store.parts(key, uploadId)).map((part) => [part.number, part]));
    for (let from: string | undefined; ; ) {
      const page = await store.list({ prefix: folder, from });
      for (const object of page.objects) {
        const said = readName(object.key.slice(folder.length));
        if (said?.kind === 'block' && object.size === blockLength(this.#spec.size, said.index)) {
          this.#loose.set(said.index, said.digest);
        }
        if (said?.kind !== 'part') continue;
        const digests = named.get(`${said.part} ${said.etag}`) ?? [];
        said.digests.forEach((digest, i) => {
          digests[said.first - this.#firstOf(said.part) + i] = digest;
        });
        named.set(`${said.part} ${said.etag}`, digests);
      }
      from = page.next;
      if (from === undefined) break;
    }
    for (const [number, { etag, size }] of stored) {
      const digests = named.get(`${number} ${etag}`);
      const count = Math.ceil(this.#bytesOf(number) / limits.blockBytes);
      if (digests === undefined || size !== this.#bytesOf(number)) continue;
      if (Array.from(digests).length !== count || Array.from(digests).includes(undefined as never)) continue;
      this.#parts.set(number, { etag, digests });
    }
  }

  /** All blocks that are in the store. */
  *known(): Generator<readonly [index: number, digest: Uint8Array], void, void> {
    for (let index = 0; index < blockCount(this.#spec.size); index++) {
      const digest = this.#storedDigest(index);
      if (digest !== undefined) yield [index, digest];
    }
  }

  /** As Upload.write. */
  async write(index: number, bytes: Uint8Array, digest: Uint8Array): Promise<void> {
    this.#checkBlock(index, bytes.length);
    if (!sameDigest(blockDigest(bytes), digest))
      throw new FerryError(Code.INTEGRITY, 'a block arrived damaged');
    const part = this.#partOf(index);
    while (this.#onTheirWay.size >= partsOnTheirWay) await Promise.race(this.#onTheirWay.values());
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#has(index)) return;
    const own = Uint8Array.from(digest);
    const run = this.#pending.get(part) ?? (await this.#openRun(part));
    if (this.#has(index)) return;
    if (run === undefined) {
      await this.#putLoose(index, bytes, own);
      return;
    }
    run.add(index, bytes);
    this.#spec.memory.grew();
    this.#digests.set(index, own);
    if (run.isWhole) void this.#send(part, run);
  }

  /** As Upload.writeSlice. */
  writeSlice(index: number, offset: number, bytes: Uint8Array): void {
    const length = blockLength(this.#spec.size, index);
    this.#checkBlock(index, length);
    if (bytes.length === 0 || offset + bytes.length > length) {
      throw new FerryError(Code.MALFORMED, 'a slice does not fit its block');
    }
    if (this.#has(index)) return;
    let block = this.#sliced.get(index);
    if (block === undefined) {
      if (!this.#spec.memory.take(length)) throw new FerryError(Code.BUSY, 'the server has too much to do');
      block = Buffer.alloc(length);
      this.#sliced.set(index, block);
    }
    block.set(bytes, offset);
  }

  /** As Upload.settle. */
  async settle(index: number, digest: Uint8Array): Promise<void> {
    const block = this.#sliced.get(index);
    const known = this.#digests.get(index) ?? this.#storedDigest(index);
    if (known !== undefined) {
      if (!sameDigest(known, digest)) throw new FerryError(Code.INTEGRITY, 'a block arrived damaged');
      return;
    }
    this.#checkBlock(index, blockLength(this.#spec.size, index));
    if (block === undefined) throw new FerryError(Code.INTEGRITY, 'a block arrived damaged');
    await this.write(index, block, digest);
    this.#sliced.delete(index);
    this.#spec.memory.give(block.length);
  }

  /**
   * All parts, in the store.
   * @throws BAD_STATE (blocks are missing), INTEGRITY, and what the store throws; what is there stays
   */
  async finish(root: Uint8Array): Promise<readonly Part[]> {
    await this.#arrived();
    const numbers = Array.from({ length: this.#partOf(blockCount(this.#spec.size) - 1) }, (_, i) => i + 1);
    // Only what was put by others is looked for, and only when something is missing.
    if (numbers.some((part) => !this.#parts.has(part) && this.#pending.get(part)?.isWhole !== true))
      await this.look();
    const digests: Uint8Array[] = [];
    for (let index = 0; index < blockCount(this.#spec.size); index++) {
      const digest = this.#digests.get(index) ?? this.#storedDigest(index);
      if (digest === undefined) throw new FerryError(Code.BAD_STATE, 'blocks of the file are missing');
      digests.push(digest);
    }
    if (!sameDigest(rootDigest(this.#spec.size, digests), root)) {
      throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
    }
    const missing = numbers.filter((part) => !this.#parts.has(part));
    for (const part of missing) {
      const gathered =
        this.#gathering.get(part) ?? this.#gather(part).finally(() => this.#gathering.delete(part));
      this.#gathering.set(part, gathered);
      await gathered;
    }
    await this.#arrived();
    return numbers.map((number) => ({ number, etag: this.#parts.get(number)?.etag ?? '' }));
  }

  /** Puts what is in memory into the store, for whoever goes on with it. Never throws: what is lost is sent again. */
  async leave(): Promise<void> {
    await Promise.allSettled(this.#onTheirWay.values());
    const indices = [...this.#digests.keys()];
    try {
      await inParallel(indices, atOnce, async (index) => {
        const digest = this.#digests.get(index);
        const block = this.#pending.get(this.#partOf(index))?.place(index);
        if (digest !== undefined && block !== undefined) {
          await this.#putLoose(index, block.subarray(0, blockLength(this.#spec.size, index)), digest);
        }
      });
    } catch {
      // Whoever commits says that blocks are missing, and hears which are there.
    }
    this.drop();
  }

  /** Forgets what is in memory. */
  drop(): void {
    this.#drops += 1;
    for (const [part, run] of this.#pending) if (!this.#onTheirWay.has(part)) this.#free(run);
    for (const block of this.#sliced.values()) this.#spec.memory.give(block.length);
    this.#pending.clear();
    this.#sliced.clear();
    this.#digests.clear();
  }

  async #arrived(): Promise<void> {
    await Promise.allSettled(this.#onTheirWay.values());
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  /** Undefined: its blocks go into the store by themselves. @throws BAD_STATE: it has ended meanwhile */
  async #openRun(part: number): Promise<PendingRun | undefined> {
    const { memory } = this.#spec;
    const bytes = this.#bytesOf(part);
    const isCut = (): boolean => Array.from(this.#blocksOf(part)).some((index) => this.#loose.has(index));
    const drops = this.#drops;
    if (isCut() || !(await memory.takeSoon(bytes))) return undefined;
    const other = this.#pending.get(part);
    const isOver = drops !== this.#drops;
    if (isOver || other !== undefined || isCut()) memory.give(bytes);
    if (isOver) throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
    if (other !== undefined || isCut()) return other;
    const run = new PendingRun(this.#firstOf(part), memory.buffer(bytes), bytes);
    this.#pending.set(part, run);
    return run;
  }

  #free(run: PendingRun): void {
    this.#spec.memory.recycle(run.memory);
    this.#spec.memory.give(run.taken);
  }

  /** Never rejects: the next who waits hears of it, and its blocks are missing then. */
  #send(part: number, run: PendingRun): Promise<void> {
    const sent = this.#spec.memory
      .whileSent(this.#put(part, run))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#onTheirWay.delete(part);
        if (this.#pending.get(part) === run) this.#pending.delete(part);
        for (const index of run.blocks) this.#digests.delete(index);
        this.#free(run);
      });
    this.#onTheirWay.set(part, sent);
    return sent;
  }

  async #put(part: number, run: PendingRun): Promise<void> {
    const { store, key, uploadId, folder } = this.#spec;
    const digests = Array.from(
      this.#blocksOf(part),
      (index) => this.#digests.get(index) ?? new Uint8Array(0),
    );
    const etag = await store.putPart(key, uploadId, part, run.whole());
    const names = partNames(part, this.#firstOf(part), etag, digests);
    await Promise.all(names.map((name) => store.put(folder + name, new Uint8Array(0), {})));
    this.#parts.set(part, { etag, digests });
  }

  /** A part of which blocks came to others as well. */
  async #gather(part: number): Promise<void> {
    if (this.#parts.has(part)) return;
    const pending = this.#pending.get(part);
    const { memory } = this.#spec;
    const bytes = this.#bytesOf(part);
    if (pending !== undefined) return this.#complete(part, pending);
    const fresh = (taken: number): PendingRun =>
      new PendingRun(this.#firstOf(part), memory.buffer(bytes), taken);
    if (await memory.takeSoon(bytes)) return this.#complete(part, fresh(bytes));
    return memory.beyond(() => this.#complete(part, fresh(0)));
  }

  async #complete(part: number, run: PendingRun): Promise<void> {
    const { store, folder, size } = this.#spec;
    this.#pending.set(part, run);
    const drops = this.#drops;
    // What was dropped meanwhile is another part's memory by now.
    const checkHeld = (): void => {
      if (drops !== this.#drops) throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
    };
    const lacked = Array.from(this.#blocksOf(part)).filter((index) => !run.has(index));
    await inParallel(lacked, fetchedAtOnce, async (index) => {
      const digest = this.#loose.get(index);
      const found = digest && (await store.get(folder + blockName(index, digest), limits.blockBytes));
      if (digest === undefined || found === undefined || !sameDigest(blockDigest(found.content), digest)) {
        throw new FerryError(Code.BAD_STATE, 'blocks of the file are missing');
      }
      checkHeld();
      run.place(index).subarray(0, blockLength(size, index)).set(found.content);
      run.added(index);
      this.#digests.set(index, digest);
    });
    checkHeld();
    await this.#send(part, run);
  }

  async #putLoose(index: number, bytes: Uint8Array, digest: Uint8Array): Promise<void> {
    await this.#spec.store.put(this.#spec.folder + blockName(index, digest), bytes, {});
    this.#loose.set(index, digest);
  }

  #has(index: number): boolean {
    return this.#digests.has(index) || this.#storedDigest(index) !== undefined;
  }

  #storedDigest(index: number): Uint8Array | undefined {
    const part = this.#partOf(index);
    return this.#parts.get(part)?.digests[index - this.#firstOf(part)] ?? this.#loose.get(index);
  }

  #checkBlock(index: number, length: number): void {
    const fits = Number.isSafeInteger(index) && index >= 0 && index < limits.fileBlocks;
    if (fits && length > 0 && length === blockLength(this.#spec.size, index)) return;
    throw new FerryError(Code.MALFORMED, 'a block does not fit the announced size of the file');
  }

  #partOf(index: number): number {
    return Math.floor(index / this.#spec.run) + 1;
  }

  #firstOf(part: number): number {
    return (part - 1) * this.#spec.run;
  }

  #bytesOf(part: number): number {
    const { size, run } = this.#spec;
    return Math.min(size - this.#firstOf(part) * limits.blockBytes, run * limits.blockBytes);
  }

  *#blocksOf(part: number): Generator<number, void, void> {
    const end = Math.min(part * this.#spec.run, blockCount(this.#spec.size));
    for (let index = this.#firstOf(part); index < end; index++) yield index;
  }
}
