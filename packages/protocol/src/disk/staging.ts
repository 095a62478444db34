/**
 * The hidden folder `.ferry/part` of a root, where files are while they are incomplete: on the same file system as their
 * target, so that publishing is one link or rename. Made when first needed. Called on I/O threads; several threads and
 * processes may share it.
 */

import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { byteString, checkName, type Name, stagingName } from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, pathAt } from './at.ts';
import { errnoOf, onDisk, unlessErrno } from './errno.ts';
import type { Root } from './root.ts';
import { StagedFile, type StagedFileSpec } from './staged-file.ts';
import { checkTarget } from './target.ts';

const partFolderName = 'part' as Name;
const transferIdShape = /^[0-9a-f]{32}$/;
const leftoverShape = /^[0-9a-f]{32}\.(?:part|bad)$/;

export type StagingOpts = {
  /** Permission bits that no published file gets, whatever its order says. Default: none are taken away. */
  readonly umask?: number;
  /**
   * Blocks of one thread that may be written beside it at once; beyond that a block is written right here. Default 1, which
   * keeps disk and network busy at once; more take the processor from whoever draws a screen.
   */
  readonly writesBeside?: number;
};

export class Staging {
  readonly root: Root;
  readonly umask: number;
  readonly writesBeside: number;

  constructor(root: Root, opts: StagingOpts = {}) {
    this.root = root;
    this.umask = opts.umask ?? 0;
    this.writesBeside = opts.writesBeside ?? 1;
  }

  /**
   * Begins a file. The answers that commit would give are given now where they are known: nobody should send a gigabyte
   * to hear EXISTS.
   * @throws {FerryError} NOT_FOUND (target's folder), EXISTS, CONFLICT, NO_SPACE, LIMIT, FORBIDDEN, READ_ONLY;
   *   BAD_STATE when this transfer id has a partial file already
   */
  create(spec: StagedFileSpec): StagedFile {
    if (!transferIdShape.test(spec.transferId)) throw new Error('a transfer id is 32 hex digits');
    if (spec.size > limits.fileBlocks * limits.blockBytes) {
      throw new FerryError(Code.LIMIT, 'the file is too large to be moved');
    }
    const targetDev = this.root.withParent(spec.target, (folderFd, name) => {
      checkTarget(this.root, folderFd, name, spec);
      const { bavail, bsize } = statfsSync(folderPath(folderFd));
      if (spec.size > bavail * bsize) throw noSpace(spec.size, bavail * bsize);
      return fstatSync(folderFd).dev;
    });
    const partName = checkName(`${spec.transferId}.part`);
    return onDisk(() => new StagedFile(this, spec, partName, this.#createPart(partName, targetDev)));
  }

  /** A handle on the folder of partial files, which the caller closes. @throws ENOENT when there is none; raw system errors */
  openPartFolder(): number {
    const partFolderFd = closing(this.root.openFolder([stagingName]), (stagingFd) => {
      checkOwner(stagingFd);
      return openFolderAt(stagingFd, partFolderName);
    });
    try {
      checkOwner(partFolderFd);
      return partFolderFd;
    } catch (error) {
      closeSync(partFolderFd);
      throw error;
    }
  }

  /**
   * Removes what dead transfers left, by the age of its last change; gives how many files. Files that are being written
   * are young.
   */
  collect(maxAgeMs: number, nowMs: number): number {
    return onDisk(() => {
      let removed = 0;
      unlessErrno(['ENOENT'], () =>
        closing(this.openPartFolder(), (partFolderFd) => {
          for (const found of readdirSync(folderPath(partFolderFd), { encoding: 'buffer' })) {
            const name = byteString(found);
            if (!leftoverShape.test(name)) continue;
            // The change time: a part's modification time may already be that of the user's file.
            const stats = lstatAt(partFolderFd, name as Name);
            if (stats === undefined || nowMs - Number(stats.ctimeMs) <= maxAgeMs) continue;
            if (unlessErrno(['ENOENT'], () => unlinkSync(pathAt(partFolderFd, name)))) removed += 1;
          }
        }),
      );
      return removed;
    });
  }

  /** Removes the staging folder unless there are partial files in it. */
  removeIfEmpty(): void {
    const harmless = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];
    const removeAt = (folderFd: number, name: Name) =>
      unlessErrno(harmless, () => rmdirSync(pathAt(folderFd, name)));
    onDisk(() =>
      unlessErrno(harmless, () => {
        closing(this.root.openFolder([stagingName]), (stagingFd) => removeAt(stagingFd, partFolderName));
        this.root.withFolder([], (rootFd) => removeAt(rootFd, stagingName));
      }),
    );
  }

  #createPart(partName: Name, targetDev: number): number {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    // The first file finds no folder yet; and another process may tidy the empty one away at any moment.
    for (let attempt = 1; ; attempt++) {
      try {
        return closing(this.openPartFolder(), (partFolderFd) => {
          if (fstatSync(partFolderFd).dev !== targetDev) {
            throw new FerryError(Code.FORBIDDEN, 'that folder lies on another file system');
          }
          return openSync(pathAt(partFolderFd, partName), flags, 0o600);
        });
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'EEXIST') {
          throw new FerryError(Code.BAD_STATE, 'that transfer is already under way', { cause: error });
        }
        if (errno === 'ENOTDIR') {
          throw new FerryError(Code.FORBIDDEN, 'the staging folder is not a folder', { cause: error });
        }
        if (errno !== 'ENOENT' || attempt === 3) throw error;
        unlessErrno(['ENOENT'], () => this.#makeFolders());
      }
    }
  }

  #makeFolders(): void {
    this.root.withFolder([], (rootFd) => makeOwnFolder(rootFd, stagingName));
    closing(this.root.openFolder([stagingName]), (stagingFd) => {
      checkOwner(stagingFd);
      makeOwnFolder(stagingFd, partFolderName);
    });
  }
}

function makeOwnFolder(folderFd: number, name: Name): void {
  if (lstatAt(folderFd, name) === undefined) {
    unlessErrno(['EEXIST'], () => mkdirSync(pathAt(folderFd, name), 0o700));
  }
}

/** Where others may write, somebody could have put a staging folder of theirs and swap our files in it. */
function checkOwner(folderFd: number): void {
  if (fstatSync(folderFd).uid === process.geteuid?.()) return;
  throw new FerryError(Code.FORBIDDEN, 'the staging folder here belongs to another user');
}

function noSpace(size: number, free: number): FerryError {
  return new FerryError(Code.NO_SPACE, `the file needs ${size} bytes and only ${free} are free`);
}
