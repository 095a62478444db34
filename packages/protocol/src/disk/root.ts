/**
 * A folder that nothing done through it can leave: the server's share, the user's download folder. Paths are walked from
 * the held descriptor one name at a time and no symlink below it is followed, so no string is ever compared or cleaned.
 * Called on I/O threads; everything here is synchronous. Descriptors are per process, so each thread may open its own.
 *
 * Known residue, open only to someone with local access to the disk: a folder moved out of the root in the instant between
 * two steps of a walk is still entered (publishing looks again); hard links to outside files look like files.
 */

import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  statfsSync,
} from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { baseName, byteString, type Name, type Path, parentPath, stagingName } from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, reopenFolder } from './at.ts';
import { errnoOf, onDisk } from './errno.ts';

export type RootOpts = {
  /** Other file systems mounted below the root answer NOT_FOUND and are not listed. Default true. */
  readonly oneFileSystem?: boolean;
  /** The staging folder is not listed and not addressable. Default true. */
  readonly hideStaging?: boolean;
  /** What was done is on the disk, not only in memory, when a call returns. Default true. */
  readonly durable?: boolean;
};

const procMagic = 0x9fa0;

export class Root {
  readonly durable: boolean;
  readonly hideStaging: boolean;
  /** Names the folder on this machine, however it was opened. */
  readonly id: string;
  readonly #oneFileSystem: boolean;
  readonly #dev: number;
  #fd: number | undefined;

  /**
   * The folder the owner names; a symlink there is followed, once and now. Renamed or replaced later, it stays the folder
   * that was opened.
   * @throws {FerryError} NOT_FOUND, NOT_FOLDER, FORBIDDEN (unreadable), CONFIG (no /proc: there is no safe way then)
   */
  static open(folder: string | Buffer, opts: RootOpts = {}): Root {
    requireProc();
    try {
      return new Root(openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY), opts);
    } catch (error) {
      if (errnoOf(error) === 'ENOTDIR')
        throw new FerryError(Code.NOT_FOLDER, 'not a folder', { cause: error });
      return onDisk(() => {
        throw error;
      });
    }
  }

  private constructor(fd: number, opts: RootOpts) {
    this.#fd = fd;
    const { dev, ino } = fstatSync(fd);
    this.#dev = dev;
    this.id = `${dev}:${ino}`;
    this.#oneFileSystem = opts.oneFileSystem ?? true;
    this.hideStaging = opts.hideStaging ?? true;
    this.durable = opts.durable ?? true;
  }

  /** Calls `use` with a handle on the folder, open until it returns. @throws {FerryError} NOT_FOUND, NOT_FOLDER, … */
  withFolder<T>(path: Path, use: (folderFd: number) => T): T {
    return onDisk(() => closing(this.holdFolder(path), use));
  }

  /** A handle on a folder, which the caller closes. @throws {FerryError} as {@link withFolder} */
  holdFolder(path: Path): number {
    return onDisk(() => {
      this.#checkReserved(path);
      return this.openFolder(path);
    });
  }

  /**
   * As {@link withFolder} for the folder that holds the path's last name. What the name is has not been looked at.
   * @throws {FerryError} FORBIDDEN for the root itself, which lies in no folder of ours
   */
  withParent<T>(path: Path, use: (folderFd: number, name: Name) => T): T {
    return onDisk(() => {
      this.#checkReserved(path);
      const name = baseName(path);
      if (name === undefined) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
      return closing(this.openFolder(parentPath(path)), (folderFd) => use(folderFd, name));
    });
  }

  /** As {@link withParent}, for what takes longer: the caller closes the handle. @throws {FerryError} as {@link withParent} */
  holdParent(path: Path): { folderFd: number; name: Name } {
    return this.withParent(path, (folderFd, name) => ({ folderFd: reopenFolder(folderFd), name }));
  }

  /**
   * As {@link holdFolder}, but enters the staging folder too and throws raw system errors: for staging alone.
   */
  openFolder(path: Path): number {
    if (path.length > limits.pathDepth) {
      throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathDepth} names`);
    }
    const rootFd = this.#held;
    if (path.length === 0) return reopenFolder(rootFd);
    let folderFd = rootFd;
    path.forEach((name, i) => {
      const parentFd = folderFd;
      try {
        folderFd = i < path.length - 1 ? openFolderAt(parentFd, name) : openLast(parentFd, name);
      } finally {
        if (parentFd !== rootFd) closeSync(parentFd);
      }
      if (!this.#oneFileSystem || fstatSync(folderFd).dev === this.#dev) return;
      closeSync(folderFd);
      throw crossing();
    });
    return folderFd;
  }

  /** What is there under a name in a folder of this root; undefined for nothing, and for what lies on another file system. */
  lookAt(folderFd: number, name: Name): BigIntStats | undefined {
    const stats = lstatAt(folderFd, name);
    if (stats === undefined || (this.#oneFileSystem && Number(stats.dev) !== this.#dev)) return undefined;
    return stats;
  }

  /** Whether what lies on this device belongs to the root. */
  isOn(dev: number): boolean {
    return !this.#oneFileSystem || dev === this.#dev;
  }

  /** As {@link lookAt}. @throws {FerryError} NOT_FOUND */
  statAt(folderFd: number, name: Name): BigIntStats {
    const stats = this.lookAt(folderFd, name);
    if (stats === undefined) throw crossing();
    return stats;
  }

  /** The root's own stats. */
  stat(): BigIntStats {
    return onDisk(() => fstatSync(this.#held, { bigint: true }));
  }

  /** Whether a folder still lies below the root, asked of the kernel: a held handle follows a folder that is moved away. */
  contains(folderFd: number): boolean {
    try {
      const own = byteString(readlinkSync(folderPath(this.#held), 'buffer'));
      const other = byteString(readlinkSync(folderPath(folderFd), 'buffer'));
      return other === own || other.startsWith(own.endsWith('/') ? own : `${own}/`);
    } catch (error) {
      // The kernel says paths up to one page only. What lies deeper was just reached by walking; that has to do.
      if (errnoOf(error) === 'ENAMETOOLONG') return true;
      throw error;
    }
  }

  /** Idempotent. Any later use is a bug and throws. */
  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  get #held(): number {
    // A number kept after close could by now be somebody else's file.
    if (this.#fd === undefined) throw new Error('the root is closed');
    return this.#fd;
  }

  #checkReserved(path: Path): void {
    if (this.hideStaging && path[0] === stagingName) {
      throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
    }
  }
}

/** A file where the last folder should be is worth its own answer; a symlink is as good as nothing. */
function openLast(parentFd: number, name: Name): number {
  try {
    return openFolderAt(parentFd, name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR' || lstatAt(parentFd, name)?.isSymbolicLink() !== false) throw error;
    throw new FerryError(Code.NOT_FOLDER, 'not a folder', { cause: error });
  }
}

function crossing(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'no such file or folder');
}

function requireProc(): void {
  try {
    if (statfsSync('/proc').type === procMagic) return;
  } catch (cause) {
    throw new FerryError(
      Code.CONFIG,
      '/proc is not mounted, and files cannot be kept inside a folder without it',
      { cause },
    );
  }
  throw new FerryError(
    Code.CONFIG,
    '/proc is not mounted, and files cannot be kept inside a folder without it',
  );
}
