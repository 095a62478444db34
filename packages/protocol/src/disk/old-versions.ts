/**
 * What was overwritten and can be had back: the old version of a file gets a second name in its user's trash right before the new one
 * takes its place, so that there is no moment without a file. Called on I/O threads.
 *
 * Nothing waits for the disk here: of what was overwritten right before a power cut, the trash may not know. Where a file
 * system has no second names, or does not let us give one to a file of somebody else, there is none to be had back, as where the
 * trash could not hold it.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, mkdirSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { EntryKind } from '../entry.ts';
import { FerryError } from '../errors.ts';
import type { Name, Path } from '../path.ts';
import { closing, lstatAt, openFolderAt, pathAt } from './at.ts';
import { errnoOf, unlessErrno } from './errno.ts';
import type { Root } from './root.ts';
import {
  encodeInfo,
  infoName,
  itemName,
  mostTrashBytes,
  openOrMakeTrash,
  placeNameOf,
  placesIn,
  removeEmptied,
  type Trashed,
} from './trash-folder.ts';
import { trashToDrop } from './trash-policy.ts';

/** After so many, or so many bytes, of one user what is too much goes: not after each, as all have to be looked at for that. */
const untrimmed = { entries: 64, bytes: 64 * 1024 * 1024 };

/** A version that has its second name. */
export type KeptVersion = {
  /** It was not replaced after all. */
  readonly forget: () => void;
};

export class OldVersions {
  readonly #root: Root;
  /** By owner: what came since the last look. */
  readonly #since = new Map<string, { entries: number; bytes: number }>();

  constructor(root: Root) {
    this.#root = root;
  }

  /**
   * undefined where there is nothing to keep, or it cannot be kept; never throws for a disk that fails.
   * @param path of the file, which lies in `folderFd` as `name`
   */
  keep(owner: string, path: Path, folderFd: number, name: Name, nowMs: number): KeptVersion | undefined {
    try {
      const stats = lstatAt(folderFd, name);
      if (stats?.isFile() !== true) return undefined;
      const bytes = Number(stats.size);
      if (bytes > mostTrashBytes(folderFd)) return undefined;
      const trashed: Trashed = {
        id: randomBytes(16).toString('hex'),
        path,
        kind: EntryKind.file,
        files: 1,
        bytes,
        deletedMs: nowMs,
        isReplaced: true,
      };
      const folder = placeNameOf(trashed);
      closing(openOrMakeTrash(this.#root, owner), (ownerFd) => {
        mkdirSync(pathAt(ownerFd, folder), 0o700);
        try {
          link(ownerFd, folder, trashed, folderFd, name);
        } catch (error) {
          quietly(() => removeEmptied(ownerFd, folder));
          throw error;
        }
        this.#trim(owner, ownerFd, bytes, nowMs, mostTrashBytes(folderFd));
      });
      return {
        forget: () =>
          quietly(() => closing(openOrMakeTrash(this.#root, owner), (ownerFd) => drop(ownerFd, folder))),
      };
    } catch (error) {
      if (errnoOf(error) === undefined && !(error instanceof FerryError)) throw error;
      return undefined;
    }
  }

  #trim(owner: string, ownerFd: number, bytes: number, nowMs: number, mostBytes: number): void {
    const since = this.#since.get(owner) ?? { entries: 0, bytes: 0 };
    since.entries += 1;
    since.bytes += bytes;
    this.#since.set(owner, since);
    if (since.entries < untrimmed.entries && since.bytes < untrimmed.bytes) return;
    this.#since.delete(owner);
    // Folders take long to remove: they go with the next deletion, or by themselves.
    for (const { folder } of trashToDrop(placesIn(ownerFd), nowMs, mostBytes)) {
      quietly(() => drop(ownerFd, folder));
    }
  }
}

function link(ownerFd: number, folder: Name, trashed: Trashed, folderFd: number, name: Name): void {
  closing(openFolderAt(ownerFd, folder), (entryFd) => {
    const fd = openSync(pathAt(entryFd, infoName), 'wx', 0o600);
    try {
      writeFileSync(fd, encodeInfo(trashed));
    } finally {
      closeSync(fd);
    }
    linkSync(pathAt(folderFd, name), pathAt(entryFd, itemName));
  });
}

/** A file's entry; one that holds a folder stays. */
function drop(ownerFd: number, folder: Name): void {
  closing(openFolderAt(ownerFd, folder), (entryFd) => {
    // EISDIR where it is one.
    unlessErrno(['ENOENT'], () => unlinkSync(pathAt(entryFd, itemName)));
  });
  removeEmptied(ownerFd, folder);
}

function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    // What is left is dropped by age.
    if (errnoOf(error) === undefined && !(error instanceof FerryError)) throw error;
  }
}
