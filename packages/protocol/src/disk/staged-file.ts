/**
 * One file on its way in: an upload on the server, a download on the client. Its bytes lie in a partial file until all of
 * them are there, verified and on the disk; only then does the final name appear, at once and whole.
 * Called on I/O threads; synchronous, so that a slow disk slows down whoever sends.
 */

import { chmodSync, closeSync, fstatSync, ftruncateSync, unlinkSync } from 'node:fs';
import { blockCount, blockLength, blockOffset } from '../content/block.ts';
import { blockDigest, rootDigest, sameDigest } from '../content/digest.ts';
import type { Facts } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Name } from '../path.ts';
import { closing, lstatAt, pathAt } from './at.ts';
import { digestOnDisk } from './digest-on-disk.ts';
import { diskError, errnoOf, onDisk, quietly } from './errno.ts';
import { factsOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import type { Journal } from './journal.ts';
import { moveAt } from './move.ts';
import { condemnPart, journalName } from './part-name.ts';
import { renameOver } from './rename-over.ts';
import { setFacts, setTime, syncWithFacts } from './set-facts.ts';
import { damaged, misfit, partGone } from './staged-file-errors.ts';
import type { Committed, StagedFileSpec } from './staged-file-spec.ts';
import type { Staging } from './staging.ts';
import { syncBeside } from './sync-beside.ts';
import { checkTarget } from './target.ts';
import { writeFully, writeFullyBeside } from './write-fully.ts';
import { writeSparsely } from './write-sparsely.ts';

/** Writes of this thread that go on beside it now. */
let besideNow = 0;

/** How much is written between two syncs of a journaled file: what a power cut costs, and the end has less left to do. */
const checkpointBytes = 64 * 1024 * 1024;

/** What was sent is good, only its name is not to be had. */
const ofTheName: ReadonlySet<Code> = new Set([Code.EXISTS, Code.CONFLICT, Code.NOT_FOUND, Code.FORBIDDEN]);
const emptyDigest = new Uint8Array(0);

export class StagedFile {
  readonly #staging: Staging;
  readonly #spec: StagedFileSpec;
  readonly #partName: Name;
  /** Of the blocks that are there. */
  readonly #digests = new Map<number, Uint8Array>();
  /** Blocks that are being written beside this thread; the descriptor stays open as long as there are any. */
  readonly #underWay = new Map<number, Promise<void>>();
  /** Of a large file. Several StagedFiles, also of other threads, may share it and the partial file. */
  readonly #journal: Journal | undefined;
  readonly #ino: bigint;
  #fd: number | undefined;
  #phase: 'writing' | 'sealed' | 'ended' = 'writing';
  #unsyncedBytes = 0;
  #isSyncing = false;
  /** A sync that failed on the way; nothing is believed of this file any more. */
  #syncFailure: { error: unknown } | undefined;

  /** Made by {@link Staging} only. */
  constructor(staging: Staging, spec: StagedFileSpec, partName: Name, fd: number, journal?: Journal) {
    this.#staging = staging;
    this.#spec = spec;
    this.#partName = partName;
    this.#fd = fd;
    this.#journal = journal;
    this.#ino = fstatSync(fd, { bigint: true }).ino;
  }

  /**
   * What is there from before, block by block, each read and compared with its digest as it is asked for: the caller says
   * how fast. Blocks that are damaged or missing are left out and may be sent again.
   */
  *verified(): Generator<readonly [index: number, digest: Uint8Array], void, void> {
    const content = this.#journal?.read();
    if (content === undefined) return;
    const buffer = Buffer.allocUnsafe(limits.blockBytes);
    for (const [index, digest] of content.digests) {
      if (this.#digests.has(index)) continue;
      if (!sameDigest(digestOnDisk(this.#writable(), this.#spec.size, index, buffer) ?? emptyDigest, digest))
        continue;
      this.#digests.set(index, Uint8Array.from(digest));
      if (!content.trusted.has(index)) this.#journal?.add(index, digest);
      yield [index, digest];
    }
  }

  /** True once every block is there, as far as this one knows: blocks of others who joined are found by {@link seal}. */
  get complete(): boolean {
    return this.#digests.size === blockCount(this.#spec.size);
  }

  /**
   * Verifies a block and writes it; `bytes` and `digest` are the caller's again afterwards. Any order; a block may come twice.
   * @throws {FerryError} MALFORMED when the file has no such block or it has another length; INTEGRITY when the digest is
   *   not that of the bytes; NO_SPACE, IO_ERROR. The block then counts as missing and may be sent again.
   */
  write(index: number, bytes: Uint8Array, digest: Uint8Array): void {
    const fd = this.#writable();
    if (!this.#wants(index, bytes, digest)) return;
    onDisk(() => {
      this.#put(fd, bytes, blockOffset(index));
      this.#keep(index, digest);
    });
  }

  /**
   * As {@link write}, with the disk's part done beside this thread where that is free: it verifies at once and resolves when
   * the block is written. `bytes` is lent until then. A file that is discarded meanwhile is gone at once all the same.
   */
  async writeBeside(index: number, bytes: Uint8Array, digest: Uint8Array): Promise<void> {
    const fd = this.#writable();
    const same = this.#underWay.get(index);
    if (same !== undefined) return same;
    if (besideNow >= this.#staging.writesBeside || this.#spec.sparse === true) {
      this.write(index, bytes, digest);
      return;
    }
    if (!this.#wants(index, bytes, digest)) return;
    const kept = Uint8Array.from(digest);
    besideNow += 1;
    const writing = writeFullyBeside(fd, bytes, blockOffset(index))
      .then(
        () => this.#keep(index, kept),
        (error: unknown) => {
          throw diskError(error);
        },
      )
      .finally(() => {
        besideNow -= 1;
        this.#underWay.delete(index);
        if (this.#phase === 'ended') this.#closeQuietly();
      });
    this.#underWay.set(index, writing);
    return writing;
  }

  /**
   * Puts part of a block where it belongs, unverified: the block counts only once {@link settle} has seen all of it. A block
   * that is there already is left as it is.
   * @throws {FerryError} MALFORMED when it is not within a block of the file; NO_SPACE, IO_ERROR
   */
  writeSlice(index: number, offset: number, bytes: Uint8Array): void {
    const fd = this.#writable();
    if (bytes.length === 0 || offset + bytes.length > blockLength(this.#spec.size, index)) {
      throw new FerryError(Code.MALFORMED, 'a slice does not fit its block');
    }
    if (this.#digests.has(index) || this.#underWay.has(index)) return;
    onDisk(() => this.#put(fd, bytes, blockOffset(index) + offset));
  }

  /** Verifies a block that came in slices, and keeps it. @throws {FerryError} MALFORMED, INTEGRITY, NO_SPACE, IO_ERROR */
  settle(index: number, digest: Uint8Array): void {
    const fd = this.#writable();
    if (blockLength(this.#spec.size, index) === 0) throw misfit();
    const there =
      this.#digests.get(index) ??
      digestOnDisk(fd, this.#spec.size, index, Buffer.allocUnsafe(limits.blockBytes));
    if (there === undefined || !sameDigest(there, digest)) throw damaged();
    onDisk(() => this.#keep(index, digest));
  }

  /** False for a block that is there already. @throws {FerryError} MALFORMED, INTEGRITY */
  #wants(index: number, bytes: Uint8Array, digest: Uint8Array): boolean {
    const length = blockLength(this.#spec.size, index);
    if (!Number.isSafeInteger(index) || index < 0 || bytes.length === 0 || bytes.length !== length) {
      throw misfit();
    }
    if (!sameDigest(blockDigest(bytes), digest)) {
      throw damaged();
    }
    const before = this.#digests.get(index);
    if (before === undefined) return true;
    if (sameDigest(before, digest)) return false;
    this.#digests.delete(index);
    return true;
  }

  /** @throws system errors */
  #put(fd: number, bytes: Uint8Array, offset: number): void {
    if (this.#spec.sparse === true) writeSparsely(fd, bytes, offset);
    else writeFully(fd, bytes, offset);
  }

  /** @throws system errors */
  #keep(index: number, digest: Uint8Array): void {
    // The same block may have come over another lane, and somebody have published it while this was being written.
    if (this.#journal?.isGone === true && this.#fd !== undefined) setTime(this.#fd, this.#spec.modified);
    if (this.#phase === 'writing') this.#journal?.add(index, digest);
    this.#digests.set(index, Uint8Array.from(digest));
    this.#unsyncedBytes += limits.blockBytes;
    if (this.#unsyncedBytes >= checkpointBytes) this.#checkpoint();
  }

  /** Has the disk take what was written so far, beside this thread. */
  #checkpoint(): void {
    const fd = this.#fd;
    if (fd === undefined || this.#isSyncing || this.#journal === undefined || !this.#staging.root.durable)
      return;
    this.#isSyncing = true;
    this.#unsyncedBytes = 0;
    this.#journal
      .markAfter(syncBeside(fd))
      .catch((error: unknown) => {
        this.#syncFailure ??= { error };
        this.#condemn();
      })
      .finally(() => {
        this.#isSyncing = false;
      });
  }

  /**
   * Ends the writing: contents compared, mode and times set, bytes on the disk. The final name is untouched.
   * @throws {FerryError} BAD_STATE when blocks are missing; INTEGRITY; IO_ERROR, after which the file is gone: what the
   *   disk failed to take once is not trusted when it takes it later
   */
  seal(expectedRootDigest?: Uint8Array): void {
    const fd = this.#writable();
    if (!this.complete) this.#gather();
    if (!this.complete) throw new FerryError(Code.BAD_STATE, 'blocks of the file are missing');
    if (expectedRootDigest !== undefined) {
      if (!sameDigest(this.rootDigest(), expectedRootDigest)) {
        throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
      }
    }
    try {
      onDisk(() => {
        // What an earlier attempt left may be longer, by somebody else's hand.
        if (fstatSync(fd).size > this.#spec.size) ftruncateSync(fd, this.#spec.size);
        const set = this.#staging.root.durable ? syncWithFacts : setFacts;
        set(fd, this.#spec.mode & 0o777 & ~this.#staging.umask, this.#spec.modified);
        this.#fd = undefined;
        closeSync(fd);
      });
    } catch (error) {
      this.#condemn();
      throw error;
    }
    this.#phase = 'sealed';
  }

  /** Learns of the blocks that others wrote who joined in. */
  #gather(): void {
    const content = onDisk(() => this.#journal?.read());
    if (content === undefined) return;
    const buffer = Buffer.allocUnsafe(limits.blockBytes);
    for (const [index, told] of content.trusted) {
      const digest = content.disputed.has(index)
        ? digestOnDisk(this.#writable(), this.#spec.size, index, buffer)
        : told;
      if (digest !== undefined) this.#digests.set(index, Uint8Array.from(digest));
    }
  }

  /**
   * Gives the sealed file its final name, where the walk finds the target's folder now. Durable only once `folders` are
   * synced; several files may share one FolderSync.
   * @throws {FerryError} EXISTS, CONFLICT, NOT_FOUND (the folder is gone). The partial file is still there then.
   */
  publish(folders: FolderSync): Facts {
    if (this.#phase !== 'sealed')
      throw new FerryError(Code.BAD_STATE, 'the file is not ready to be published');
    const { root } = this.#staging;
    return root.withParent(this.#spec.target, (folderFd, name) => {
      if (!root.contains(folderFd)) {
        throw new FerryError(Code.NOT_FOUND, 'the folder was moved away during the transfer');
      }
      // First, as somebody else may have published the very same.
      checkTarget(root, folderFd, name, this.#spec);
      return this.#withPart((partFolderFd) => {
        const part = lstatAt(partFolderFd, this.#partName);
        if (part === undefined || part.ino !== this.#ino) throw partGone();
        if (this.#spec.isRemembered === true) this.#staging.remember(this.#spec, part);
        if (root.durable) {
          folders.add(folderFd);
          folders.add(partFolderFd);
        }
        if (this.#spec.existing === 'fail') moveAt(partFolderFd, this.#partName, folderFd, name, false);
        else {
          const kept = this.#staging.keepOld(this.#spec, this.#spec.target, folderFd, name);
          renameOver(pathAt(partFolderFd, this.#partName), pathAt(folderFd, name), kept);
        }
        this.#phase = 'ended';
        if (this.#journal !== undefined) this.#removeJournal(partFolderFd);
        const stats = root.statAt(folderFd, name);
        if (stats.ino === part.ino) return factsOf(name, stats);
        throw new FerryError(Code.CONFLICT, 'somebody replaced the file right after it was published');
      });
    });
  }

  /**
   * {@link seal}, {@link publish} and sync in one: the file is there and `durable`, or an error is thrown and no trace of
   * it is left. Two exceptions: IO_ERROR from the folder's sync leaves the complete file, which a power cut may take back;
   * and what only the name stood against can be resumed, if it has a journal.
   */
  commit(expectedRootDigest?: Uint8Array): Committed {
    const folders = new FolderSync();
    try {
      this.seal(expectedRootDigest);
      const facts = this.publish(folders);
      const synced = folders.sync();
      return { facts, durable: synced && this.#staging.root.durable };
    } catch (error) {
      folders.clear();
      if (error instanceof FerryError && ofTheName.has(error.code)) this.#unseal();
      this.leave();
      throw error;
    }
  }

  /** Removes the partial file, unless it was published. Idempotent; never throws for a disk that fails. */
  discard(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#closeQuietly();
    quietly(() =>
      this.#withPart((partFolderFd) => {
        if (this.#journal !== undefined) this.#removeJournal(partFolderFd);
        // Another transfer may have begun again under the same id.
        if (lstatAt(partFolderFd, this.#partName)?.ino === this.#ino) {
          unlinkSync(pathAt(partFolderFd, this.#partName));
        }
      }),
    );
  }

  /** Lets go of the partial file, to be gone on with later; one without a journal cannot be, and is removed. Idempotent. */
  leave(): void {
    if (this.#journal === undefined || this.#phase === 'sealed') {
      this.discard();
      return;
    }
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#closeQuietly();
    this.#journal.close();
  }

  /** Sealed it may have become unwritable for its owner. */
  #unseal(): void {
    if (this.#phase !== 'sealed' || this.#journal === undefined) return;
    quietly(() => this.#withPart((partFolderFd) => chmodSync(pathAt(partFolderFd, this.#partName), 0o600)));
    this.#phase = 'writing';
  }

  #removeJournal(partFolderFd: number): void {
    this.#journal?.close();
    quietly(() => unlinkSync(pathAt(partFolderFd, journalName(this.#spec.transferId))));
  }

  /** What the disk has failed to take is gone, here and for all who might go on with it. */
  #condemn(): void {
    this.#phase = 'ended';
    this.#closeQuietly();
    this.#journal?.close();
    quietly(() =>
      this.#withPart((partFolderFd) =>
        condemnPart(partFolderFd, this.#spec.transferId, this.#partName, this.#ino),
      ),
    );
  }

  /** Of all blocks, once they are there. */
  rootDigest(): Uint8Array {
    const inOrder = [...this.#digests].sort(([a], [b]) => a - b).map(([, digest]) => digest);
    return rootDigest(this.#spec.size, inOrder);
  }

  #writable(): number {
    if (this.#syncFailure !== undefined) throw diskError(this.#syncFailure.error);
    if (this.#fd === undefined || this.#phase !== 'writing') {
      throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
    }
    if (this.#journal?.isGone === true) throw partGone();
    return this.#fd;
  }

  #withPart<T>(use: (partFolderFd: number) => T): T {
    let partFolderFd: number;
    try {
      partFolderFd = this.#staging.openPartFolder();
    } catch (error) {
      throw errnoOf(error) === 'ENOENT' ? partGone() : error;
    }
    return closing(partFolderFd, use);
  }

  #closeQuietly(): void {
    // A number that is closed under a write may by then be another file's.
    if (this.#underWay.size > 0) return;
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) quietly(() => closeSync(fd));
  }
}
