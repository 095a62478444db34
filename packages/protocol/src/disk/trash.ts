/**
 * What was deleted and can be had back: the hidden folder `.ferry/trash` of a root, with a folder for each user and in it one
 * for each deletion. Deleting is a rename, whatever was deleted. Called on I/O threads; several threads and processes may
 * share it.
 *
 *   trash/<who>/<when>.<bytes>.<id>/info   where it was, as JSON
 *                                  /item   the file, link or folder itself
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { blake3 } from '@napi-rs/blake-hash';
import { EntryKind } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import {
  checkName,
  decodePath,
  encodePath,
  isWithin,
  type Name,
  type Path,
  parentPath,
  stagingName,
} from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, pathAt } from './at.ts';
import { errnoOf, onDisk, onDiskAsync, unlessErrno } from './errno.ts';
import { entryOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import { moveAt } from './move.ts';
import { namesIn } from './names-in.ts';
import { removeAt } from './remove-tree.ts';
import type { Root } from './root.ts';
import { usageOf } from './survey.ts';
import { trashShare, trashToDrop } from './trash-policy.ts';
import { Work } from './work.ts';

export type Trashed = {
  /** 32 hex digits. */
  readonly id: string;
  /** Where it was. */
  readonly path: Path;
  readonly kind: EntryKind;
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly deletedMs: number;
};

type Place = {
  readonly folder: Name;
  readonly id: string;
  readonly deletedMs: number;
  readonly bytes: number;
};

const trashName = 'trash' as Name;
const itemName = 'item' as Name;
const infoName = 'info' as Name;
const folderShape = /^([0-9a-f]{12})\.([0-9a-f]+)\.([0-9a-f]{32})$/;
const ownerShape = /^[0-9a-f]{32}$/;
const idShape = /^[0-9a-f]{32}$/;

export class Trash {
  readonly #root: Root;

  constructor(root: Root) {
    this.#root = root;
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
        const mostBytes = this.#mostBytes(folderFd);
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
        };
        const ownerFd = this.#openOrMakeOwner(owner);
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
    const ownerFd = onDisk(() => this.#openOwnerIfThere(owner));
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
   * Puts it back where it was, or to `to`; folders above that are gone are made again.
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
            moveAt(entryFd, itemName, folderFd, name, trashed.kind === EntryKind.folder);
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

  /** For good: these, or all. Unknown ids are no error. @throws {FerryError} CANCELLED; the rest stays then */
  async empty(owner: string, ids: readonly string[] | undefined, inside: Path, work: Work): Promise<void> {
    const ownerFd = onDisk(() => this.#openOwnerIfThere(owner));
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
      const trashFd = this.#openIfThere([stagingName, trashName]);
      if (trashFd === undefined) return 0;
      let dropped = 0;
      try {
        const owners = [...namesIn(trashFd)].filter(({ name }) => ownerShape.test(name));
        for (const { name } of owners) {
          const ownerFd = openFolderAt(trashFd, name);
          try {
            for (const place of trashToDrop(placesIn(ownerFd), nowMs, this.#mostBytes(ownerFd))) {
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
    const { deletedMs, bytes, id } = trashed;
    const when = deletedMs.toString(16).padStart(12, '0');
    const folder = checkName(`${when}.${bytes.toString(16)}.${id}`);
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

  async #drop(ownerFd: number, { folder }: Place, work: Work = new Work(), shown: Path = []): Promise<void> {
    const { folders, files } = work;
    const spot = { folderFd: ownerFd, name: folder };
    await removeAt(this.#root, spot, { isFolder: true, isOurs: true }, shown, work);
    // Its own folder and what was noted of it are nobody's files.
    if (work.folders > folders) work.folders -= 1;
    if (work.files > files) work.files -= 1;
  }

  #find(owner: string, id: string, inside: Path): { ownerFd: number; place: Place; trashed: Trashed } {
    const ownerFd = idShape.test(id) ? this.#openOwnerIfThere(owner) : undefined;
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

  #mostBytes(folderFd: number): number {
    const { blocks, bsize } = statfsSync(folderPath(folderFd));
    return blocks * bsize * trashShare;
  }

  #openOrMakeOwner(owner: string): number {
    const path = [stagingName, trashName, nameOf(owner)];
    for (let depth = 1; depth <= path.length; depth++) {
      const name = path[depth - 1];
      if (name === undefined) continue;
      closing(this.#root.openFolder(path.slice(0, depth - 1)), (fd) => {
        if (lstatAt(fd, name) === undefined)
          unlessErrno(['EEXIST'], () => mkdirSync(pathAt(fd, name), 0o700));
      });
    }
    const ownerFd = this.#openOwnerIfThere(owner);
    if (ownerFd === undefined) throw new FerryError(Code.BUSY, 'the trash was just removed: try again');
    return ownerFd;
  }

  #openOwnerIfThere(owner: string): number | undefined {
    const ownerFd = this.#openIfThere([stagingName, trashName, nameOf(owner)]);
    // Where others may write, somebody could have put a folder of theirs.
    if (ownerFd === undefined || fstatSync(ownerFd).uid === process.geteuid?.()) return ownerFd;
    closeSync(ownerFd);
    throw new FerryError(Code.FORBIDDEN, 'the trash here belongs to another user of the server');
  }

  #openIfThere(path: Path): number | undefined {
    try {
      return this.#root.openFolder(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #sync(...folderFds: readonly number[]): void {
    if (!this.#root.durable) return;
    const folders = new FolderSync();
    for (const fd of folderFds) folders.add(fd);
    folders.sync();
  }
}

/** Nothing of the user's name reaches the disk as a name. */
function nameOf(owner: string): Name {
  return checkName(Buffer.from(blake3(Buffer.from(owner, 'utf8'))).toString('hex', 0, 16));
}

function placesIn(ownerFd: number): readonly Place[] {
  const places: Place[] = [];
  for (const { name } of namesIn(ownerFd)) {
    const [, when, bytes, id] = folderShape.exec(name) ?? [];
    if (when === undefined || bytes === undefined || id === undefined) continue;
    places.push({
      folder: name,
      id,
      deletedMs: Number.parseInt(when, 16),
      bytes: Number.parseInt(bytes, 16),
    });
  }
  return places;
}

function encodeInfo({ path, kind, files, bytes }: Trashed): string {
  return JSON.stringify({ path: encodePath(path).toString('base64'), kind, files, bytes });
}

/** undefined for what was never completed, or is damaged; it is dropped by age. */
function infoOf(ownerFd: number, { folder, id, deletedMs }: Place): Trashed | undefined {
  try {
    return closing(openFolderAt(ownerFd, folder), (entryFd) => {
      if (lstatAt(entryFd, itemName) === undefined) return undefined;
      const info: unknown = JSON.parse(readFileSync(pathAt(entryFd, infoName), 'utf8'));
      if (typeof info !== 'object' || info === null) return undefined;
      const { path, kind, files, bytes } = info as Partial<Record<string, unknown>>;
      const isNumbers = typeof files === 'number' && typeof bytes === 'number';
      const known = Object.values(EntryKind).find((one) => one === kind);
      if (typeof path !== 'string' || known === undefined || !isNumbers) return undefined;
      return { id, path: decodePath(Buffer.from(path, 'base64')), kind: known, files, bytes, deletedMs };
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof FerryError) return undefined;
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** An entry whose item has gone. */
function removeEmptied(ownerFd: number, folder: Name): void {
  closing(openFolderAt(ownerFd, folder), (fd) =>
    unlessErrno(['ENOENT'], () => unlinkSync(pathAt(fd, infoName))),
  );
  rmdirSync(pathAt(ownerFd, folder));
}

function noSuch(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'that is not in the trash');
}
