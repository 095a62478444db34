/**
 * One file on its way in: an upload on the server, a download on the client. Its bytes lie in a partial file until all of
 * them are there, verified and on the disk; only then does the final name appear, at once and whole.
 * Called on I/O threads; synchronous, so that a slow disk slows down whoever sends.
 */

import {
  closeSync,
  fchmodSync,
  fsyncSync,
  futimesSync,
  renameSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { blockCount, blockLength, blockOffset } from '../content/block.ts';
import { blockDigest, rootDigest, sameDigest } from '../content/digest.ts';
import type { Facts, Time } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { checkName, type Name, type Path } from '../path.ts';
import { closing, lstatAt, pathAt } from './at.ts';
import { diskError, errnoOf, onDisk, unlessErrno } from './errno.ts';
import { factsOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import { moveAt } from './move.ts';
import type { Staging } from './staging.ts';
import { checkTarget, type TargetRule } from './target.ts';

export type StagedFileSpec = TargetRule & {
  /** 32 hex digits, random: names the partial file, which never takes anything from the user's name. */
  readonly transferId: string;
  readonly target: Path;
  /** Bytes. */
  readonly size: number;
  readonly modified: Time;
  /** Permission bits; only 0o777 of them are kept, less the staging's umask. */
  readonly mode: number;
};

/** `durable`: survives a power cut. False where a file system cannot sync a folder, or the root was opened so. */
export type Committed = { readonly facts: Facts; readonly durable: boolean };

const writeOnPool = promisify(write);

/** Writes of this thread that go on beside it now. */
let besideNow = 0;

/** What file systems without permission bits or with coarse times answer; their files are kept as they can be. */
const cannotKeep = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'];

export class StagedFile {
  readonly #staging: Staging;
  readonly #spec: StagedFileSpec;
  readonly #partName: Name;
  /** Of the blocks that are there. */
  readonly #digests = new Map<number, Uint8Array>();
  /** Blocks that are being written beside this thread; the descriptor stays open as long as there are any. */
  readonly #underWay = new Map<number, Promise<void>>();
  #fd: number | undefined;
  #phase: 'writing' | 'sealed' | 'ended' = 'writing';

  /** Made by {@link Staging.create} only. */
  constructor(staging: Staging, spec: StagedFileSpec, partName: Name, fd: number) {
    this.#staging = staging;
    this.#spec = spec;
    this.#partName = partName;
    this.#fd = fd;
  }

  /** True once every block is there. */
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
    onDisk(() => writeFully(fd, bytes, blockOffset(index)));
    this.#keep(index, digest);
  }

  /**
   * As {@link write}, with the disk's part done beside this thread where that is free: it verifies at once and resolves when
   * the block is written. `bytes` is lent until then. A file that is discarded meanwhile is gone at once all the same.
   */
  async writeBeside(index: number, bytes: Uint8Array, digest: Uint8Array): Promise<void> {
    const fd = this.#writable();
    const same = this.#underWay.get(index);
    if (same !== undefined) return same;
    if (besideNow >= this.#staging.writesBeside) {
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

  /** False for a block that is there already. @throws {FerryError} MALFORMED, INTEGRITY */
  #wants(index: number, bytes: Uint8Array, digest: Uint8Array): boolean {
    const length = blockLength(this.#spec.size, index);
    if (!Number.isSafeInteger(index) || index < 0 || bytes.length === 0 || bytes.length !== length) {
      throw new FerryError(Code.MALFORMED, 'a block does not fit the announced size of the file');
    }
    if (!sameDigest(blockDigest(bytes), digest)) {
      throw new FerryError(Code.INTEGRITY, 'a block arrived damaged');
    }
    const before = this.#digests.get(index);
    if (before === undefined) return true;
    if (sameDigest(before, digest)) return false;
    this.#digests.delete(index);
    return true;
  }

  #keep(index: number, digest: Uint8Array): void {
    this.#digests.set(index, Uint8Array.from(digest));
  }

  /**
   * Ends the writing: contents compared, mode and times set, bytes on the disk. The final name is untouched.
   * @throws {FerryError} BAD_STATE when blocks are missing; INTEGRITY; IO_ERROR, after which the file is gone: what the
   *   disk failed to take once is not trusted when it takes it later
   */
  seal(expectedRootDigest?: Uint8Array): void {
    const fd = this.#writable();
    if (!this.complete) throw new FerryError(Code.BAD_STATE, 'blocks of the file are missing');
    if (expectedRootDigest !== undefined) {
      if (!sameDigest(this.#rootDigest(), expectedRootDigest)) {
        throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
      }
    }
    try {
      onDisk(() => {
        const mode = this.#spec.mode & 0o777 & ~this.#staging.umask;
        unlessErrno(cannotKeep, () => fchmodSync(fd, mode));
        unlessErrno(cannotKeep, () => futimesSync(fd, Date.now() / 1000, secondsOf(this.#spec.modified)));
        if (this.#staging.root.durable) fsyncSync(fd);
        this.#fd = undefined;
        closeSync(fd);
      });
    } catch (error) {
      this.#condemn();
      throw error;
    }
    this.#phase = 'sealed';
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
      return this.#withPart((partFolderFd) => {
        const part = lstatAt(partFolderFd, this.#partName);
        if (part === undefined) throw partGone();
        checkTarget(root, folderFd, name, this.#spec);
        if (root.durable) {
          folders.add(folderFd);
          folders.add(partFolderFd);
        }
        if (this.#spec.existing === 'fail') moveAt(partFolderFd, this.#partName, folderFd, name, false);
        else renameOver(pathAt(partFolderFd, this.#partName), pathAt(folderFd, name));
        this.#phase = 'ended';
        const stats = root.statAt(folderFd, name);
        if (stats.ino === part.ino) return factsOf(name, stats);
        throw new FerryError(Code.CONFLICT, 'somebody replaced the file right after it was published');
      });
    });
  }

  /**
   * {@link seal}, {@link publish} and sync in one: the file is there and `durable`, or an error is thrown and no trace of
   * it is left. One exception: IO_ERROR from the folder's sync leaves the complete file, which a power cut may take back.
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
      this.discard();
      throw error;
    }
  }

  /** Removes the partial file, unless it was published. Idempotent; never throws for a disk that fails. */
  discard(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#closeQuietly();
    this.#quietly(() => this.#withPart((partFolderFd) => unlinkSync(pathAt(partFolderFd, this.#partName))));
  }

  /** Under another name first: should removing it fail as well, nothing takes it for a good partial file. */
  #condemn(): void {
    const badName = checkName(`${this.#spec.transferId}.bad`);
    this.#phase = 'ended';
    this.#closeQuietly();
    this.#quietly(() =>
      this.#withPart((partFolderFd) => {
        renameSync(pathAt(partFolderFd, this.#partName), pathAt(partFolderFd, badName));
        unlinkSync(pathAt(partFolderFd, badName));
      }),
    );
  }

  #rootDigest(): Uint8Array {
    const inOrder = [...this.#digests].sort(([a], [b]) => a - b).map(([, digest]) => digest);
    return rootDigest(this.#spec.size, inOrder);
  }

  #writable(): number {
    if (this.#fd === undefined || this.#phase !== 'writing') {
      throw new FerryError(Code.BAD_STATE, 'the transfer of this file has ended');
    }
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
    if (fd !== undefined) this.#quietly(() => closeSync(fd));
  }

  /** For tidying up after a failure: a second one must not hide the first. What stays behind is collected by age. */
  #quietly(use: () => void): void {
    try {
      use();
    } catch (error) {
      if (errnoOf(error) === undefined && !(error instanceof FerryError)) throw error;
    }
  }
}

function writeFully(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = writeSync(fd, bytes, done, bytes.length - done, offset + done);
    if (written === 0) throw new FerryError(Code.IO_ERROR, 'the disk took no more bytes');
    done += written;
  }
}

/** @throws system errors */
async function writeFullyBeside(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writeOnPool(fd, bytes, done, bytes.length - done, offset + done);
    if (bytesWritten === 0) throw new FerryError(Code.IO_ERROR, 'the disk took no more bytes');
    done += bytesWritten;
  }
}

function partGone(): FerryError {
  return new FerryError(Code.IO_ERROR, 'the partial file is gone');
}

function renameOver(from: Buffer, to: Buffer): void {
  const done = unlessErrno(['EISDIR', 'ENOTEMPTY', 'EEXIST'], () => renameSync(from, to));
  if (!done) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
}

/**
 * As `futimes` takes it: seconds as a double, which is exact to about a quarter of a microsecond today. A string, because
 * Node takes a negative number for "now".
 */
function secondsOf(time: Time): string {
  return String(time.s + time.ns / 1e9);
}
