/**
 * What was deleted and can be had back: the hidden folder `.ferry/trash` of a root, with a folder for each user and in it one
 * for each deletion. Deleting is a rename, whatever was deleted. Called on I/O threads; several threads and processes may
 * share it.
 *
 *   trash/<who>/<when>.<bytes>.<id>/info   where it was, as JSON
 *                                  /item   the file, link or folder itself
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { EntryKind } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { isWithin, type Name, type Path, parentPath, stagingName } from '../path.ts';
import { closing, lstatAt, openFolderAt, pathAt } from './at.ts';
import { onDisk, onDiskAsync, unlessErrno } from './errno.ts';
import { entryOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import type { Spot } from './graft.ts';
import { moveAt } from './move.ts';
import { namesIn } from './names-in.ts';
import { OldVersions } from './old-versions.ts';
import { removeAt } from './remove-tree.ts';
import { renameOver } from './rename-over.ts';
import type { Root } from './root.ts';
import { usageOf } from './survey.ts';
import {
  encodeInfo,
  infoName,
  infoOf,
  itemName,
  mostTrashBytes,
  openIfThere,
  openOrMakeTrash,
  openTrashIfThere,
  placeNameOf,
  placesIn,
  removeEmptied,
  type Trashed,
  type TrashPlace,
  trashName,
} from './trash-folder.ts';
import { trashToDrop } from './trash-policy.ts';
import { Work } from './work.ts';

const ownerShape = /^[0-9a-f]{32}$/;
const idShape = /^[0-9a-f]{32}$/;

export class Trash {
  readonly #root: Root;
  readonly #old: OldVersions;

  constructor(root: Root) {
    this.#root = root;
    this.#old = new OldVersions(root);
  }

  /**
   * Counts what it is, then takes it away in one step; what is too old or too much in the owner's trash goes for good.
   * @throws {FerryError} NOT_FOUND, FORBIDDEN (the root), QUOTA (more than a trash may hold); CANCELLED, and it is still there
   */
  async put(path: Path, owner: string, work: Work, nowMs: number): Promise<Trashed> {
    const root = this.#root;
    const { folderFd, name } = root.holdParent(path);
    try {
      return await onDiskAsync(async () => {
        await usageOf(root, path, work, () => {});
        // What could not be counted can be taken away all the same.
        work.takeFailures();
        work.failed = 0;
        const mostBytes = mostTrashBytes(folderFd);
        if (work.bytes > mostBytes) {
          throw new FerryError(Code.QUOTA, 'that is more than the trash may hold: remove it for good');
        }
        const { kind } = entryOf(name, root.statAt(folderFd, name));
        const { files, bytes } = work;
        const trashed: Trashed = {
          id: randomBytes(16).toString('hex'),
          path,
          kind,
          files,
          bytes,
          deletedMs: nowMs,
          isReplaced: false,
        };
        const ownerFd = openOrMakeTrash(this.#root, owner);
        try {
          this.#take(ownerFd, folderFd, name, trashed);
          const drop = trashToDrop(placesIn(ownerFd), nowMs, mostBytes).filter(({ id }) => id !== trashed.id);
          for (const place of drop) await this.#drop(ownerFd, place);
        } finally {
          closeSync(ownerFd);
        }
        return trashed;
      });
    } finally {
      closeSync(folderFd);
    }
  }

  /** The newest first; of deletions below `inside` only. */
  *list(owner: string, inside: Path): Generator<Trashed, void, void> {
    const ownerFd = onDisk(() => openTrashIfThere(this.#root, owner));
    if (ownerFd === undefined) return;
    try {
      const places = placesIn(ownerFd).toSorted((a, b) => b.deletedMs - a.deletedMs);
      for (const place of places) {
        const trashed = infoOf(ownerFd, place);
        if (trashed !== undefined && isWithin(inside, trashed.path)) yield trashed;
      }
    } finally {
      closeSync(ownerFd);
    }
  }

  /**
   * Puts it back where it was, or to `to`; folders above that are gone are made again. What had been replaced takes its place again, and
   * the version that is there goes to the trash in turn.
   * @throws {FerryError} NOT_FOUND (no such deletion), EXISTS (the name is taken), NOT_FOLDER
   */
  restore(owner: string, id: string, inside: Path, to?: Path): Trashed {
    return onDisk(() => {
      const { ownerFd, place, trashed } = this.#find(owner, id, inside);
      try {
        const target = to ?? trashed.path;
        if (to === undefined) this.#makeParents(parentPath(target));
        const entryFd = openFolderAt(ownerFd, place.folder);
        try {
          this.#root.withParent(target, (folderFd, name) => {
            const isTaken = trashed.isReplaced && to === undefined && lstatAt(folderFd, name) !== undefined;
            if (isTaken) this.#replace(owner, target, { folderFd, name }, entryFd);
            else moveAt(entryFd, itemName, folderFd, name, trashed.kind === EntryKind.folder);
            this.#sync(folderFd, entryFd);
          });
        } finally {
          closeSync(entryFd);
        }
        removeEmptied(ownerFd, place.folder);
        return { ...trashed, path: target };
      } finally {
        closeSync(ownerFd);
      }
    });
  }

  #replace(owner: string, path: Path, { folderFd, name }: Spot, entryFd: number): void {
    const kept = this.#old.keep(owner, path, folderFd, name, Date.now());
    if (kept === undefined) throw new FerryError(Code.EXISTS, 'another version is there, and cannot be kept');
    renameOver(pathAt(entryFd, itemName), pathAt(folderFd, name), kept);
  }

  /** For good: these, or all. Unknown ids are no error. @throws {FerryError} CANCELLED; the rest stays then */
  async empty(owner: string, ids: readonly string[] | undefined, inside: Path, work: Work): Promise<void> {
    const ownerFd = onDisk(() => openTrashIfThere(this.#root, owner));
    if (ownerFd === undefined) return;
    try {
      await onDiskAsync(async () => {
        const wanted = ids === undefined ? undefined : new Set(ids);
        for (const place of placesIn(ownerFd)) {
          if (wanted?.has(place.id) === false) continue;
          const trashed = infoOf(ownerFd, place);
          if (trashed !== undefined && !isWithin(inside, trashed.path)) continue;
          await this.#drop(ownerFd, place, work, trashed?.path);
        }
      });
    } finally {
      closeSync(ownerFd);
    }
  }

  /** Removes what is too old, of all users; gives how many. */
  async collect(nowMs: number): Promise<number> {
    return onDiskAsync(async () => {
      const trashFd = openIfThere(this.#root, [stagingName, trashName]);
      if (trashFd === undefined) return 0;
      let dropped = 0;
      try {
        const owners = [...namesIn(trashFd)].filter(({ name }) => ownerShape.test(name));
        for (const { name } of owners) {
          const ownerFd = openFolderAt(trashFd, name);
          try {
            for (const place of trashToDrop(placesIn(ownerFd), nowMs, mostTrashBytes(ownerFd))) {
              await this.#drop(ownerFd, place);
              dropped += 1;
            }
          } finally {
            closeSync(ownerFd);
          }
        }
      } finally {
        closeSync(trashFd);
      }
      return dropped;
    });
  }

  /** What is needed to find it again is on the disk before it is taken away. */
  #take(ownerFd: number, folderFd: number, name: Name, trashed: Trashed): void {
    const folder = placeNameOf(trashed);
    mkdirSync(pathAt(ownerFd, folder), 0o700);
    const entryFd = openFolderAt(ownerFd, folder);
    try {
      closing(openSync(pathAt(entryFd, infoName), 'wx', 0o600), (fd) => {
        writeFileSync(fd, encodeInfo(trashed));
        if (this.#root.durable) fsyncSync(fd);
      });
      this.#sync(entryFd, ownerFd);
      renameSync(pathAt(folderFd, name), pathAt(entryFd, itemName));
      this.#sync(folderFd, entryFd);
    } catch (error) {
      // Should that fail too, it is dropped by age.
      if (lstatAt(entryFd, itemName) === undefined) {
        unlessErrno(['ENOENT', 'ENOSPC', 'EIO'], () => removeEmptied(ownerFd, folder));
      }
      throw error;
    } finally {
      closeSync(entryFd);
    }
  }

  async #drop(
    ownerFd: number,
    { folder }: TrashPlace,
    work: Work = new Work(),
    shown: Path = [],
  ): Promise<void> {
    const { folders, files } = work;
    const spot = { folderFd: ownerFd, name: folder };
    await removeAt(this.#root, spot, { isFolder: true, isOurs: true }, shown, work);
    // Its own folder and what was noted of it are nobody's files.
    if (work.folders > folders) work.folders -= 1;
    if (work.files > files) work.files -= 1;
  }

  #find(owner: string, id: string, inside: Path): { ownerFd: number; place: TrashPlace; trashed: Trashed } {
    const ownerFd = idShape.test(id) ? openTrashIfThere(this.#root, owner) : undefined;
    if (ownerFd === undefined) throw noSuch();
    try {
      const place = placesIn(ownerFd).find((one) => one.id === id);
      const trashed = place === undefined ? undefined : infoOf(ownerFd, place);
      if (place === undefined || trashed === undefined || !isWithin(inside, trashed.path)) throw noSuch();
      return { ownerFd, place, trashed };
    } catch (error) {
      closeSync(ownerFd);
      throw error;
    }
  }

  #makeParents(folder: Path): void {
    folder.forEach((_, i) => {
      this.#root.withParent(folder.slice(0, i + 1), (fd, name) => {
        if (lstatAt(fd, name) === undefined)
          unlessErrno(['EEXIST'], () => mkdirSync(pathAt(fd, name), 0o777));
      });
    });
  }

  #sync(...folderFds: readonly number[]): void {
    if (!this.#root.durable) return;
    const folders = new FolderSync();
    for (const fd of folderFds) folders.add(fd);
    folders.sync();
  }
}

function noSuch(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'that is not in the trash');
}
