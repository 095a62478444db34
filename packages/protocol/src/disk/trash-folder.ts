/**
 * The folder of one user's trash, as trash.ts and old-versions.ts share it: found or made, its entries by their names, and what is
 * noted of each. Called on I/O threads.
 */

import { fstatSync, mkdirSync, readFileSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { blake3 } from '@napi-rs/blake-hash';
import { EntryKind } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { checkName, decodePath, encodePath, type Name, type Path, stagingName } from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, pathAt } from './at.ts';
import { errnoOf, unlessErrno } from './errno.ts';
import { namesIn } from './names-in.ts';
import type { Root } from './root.ts';
import { trashShare } from './trash-policy.ts';

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
  /** Nobody deleted it: another version took its place. */
  readonly isReplaced: boolean;
};

/** As the name of its folder says. */
export type TrashPlace = {
  readonly folder: Name;
  readonly id: string;
  readonly deletedMs: number;
  readonly bytes: number;
};

export const trashName = 'trash' as Name;
export const itemName = 'item' as Name;
export const infoName = 'info' as Name;
const folderShape = /^([0-9a-f]{12})\.([0-9a-f]+)\.([0-9a-f]{32})$/;

/** What a trash on that file system may hold, bytes. @throws raw system errors */
export function mostTrashBytes(folderFd: number): number {
  const { blocks, bsize } = statfsSync(folderPath(folderFd));
  return blocks * bsize * trashShare;
}

/** The caller closes it. @throws {FerryError} BUSY, FORBIDDEN; raw system errors */
export function openOrMakeTrash(root: Root, owner: string): number {
  const path = [stagingName, trashName, nameOf(owner)];
  for (let depth = 1; depth <= path.length; depth++) {
    const name = path[depth - 1];
    if (name === undefined) continue;
    closing(root.openFolder(path.slice(0, depth - 1)), (fd) => {
      if (lstatAt(fd, name) === undefined) unlessErrno(['EEXIST'], () => mkdirSync(pathAt(fd, name), 0o700));
    });
  }
  const ownerFd = openTrashIfThere(root, owner);
  if (ownerFd === undefined) throw new FerryError(Code.BUSY, 'the trash was just removed: try again');
  return ownerFd;
}

/** @throws {FerryError} FORBIDDEN; raw system errors */
export function openTrashIfThere(root: Root, owner: string): number | undefined {
  const ownerFd = openIfThere(root, [stagingName, trashName, nameOf(owner)]);
  // Where others may write, somebody could have put a folder of theirs.
  if (ownerFd === undefined || fstatSync(ownerFd).uid === process.geteuid?.()) return ownerFd;
  closing(ownerFd, () => {});
  throw new FerryError(Code.FORBIDDEN, 'the trash here belongs to another user of the server');
}

export function openIfThere(root: Root, path: Path): number | undefined {
  try {
    return root.openFolder(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder that an entry gets. */
export function placeNameOf({ deletedMs, bytes, id }: Trashed): Name {
  const when = deletedMs.toString(16).padStart(12, '0');
  return checkName(`${when}.${bytes.toString(16)}.${id}`);
}

export function placesIn(ownerFd: number): readonly TrashPlace[] {
  const places: TrashPlace[] = [];
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

export function encodeInfo({ path, kind, files, bytes, isReplaced }: Trashed): string {
  const noted = { path: encodePath(path).toString('base64'), kind, files, bytes };
  return JSON.stringify(isReplaced ? { ...noted, isReplaced } : noted);
}

/** undefined for what was never completed, or is damaged; it is dropped by age. */
export function infoOf(ownerFd: number, { folder, id, deletedMs }: TrashPlace): Trashed | undefined {
  try {
    return closing(openFolderAt(ownerFd, folder), (entryFd) => {
      if (lstatAt(entryFd, itemName) === undefined) return undefined;
      const info: unknown = JSON.parse(readFileSync(pathAt(entryFd, infoName), 'utf8'));
      if (typeof info !== 'object' || info === null) return undefined;
      const { path, kind, files, bytes, isReplaced } = info as Partial<Record<string, unknown>>;
      const isNumbers = typeof files === 'number' && typeof bytes === 'number';
      const known = Object.values(EntryKind).find((one) => one === kind);
      if (typeof path !== 'string' || known === undefined || !isNumbers) return undefined;
      return {
        id,
        path: decodePath(Buffer.from(path, 'base64')),
        kind: known,
        files,
        bytes,
        deletedMs,
        isReplaced: isReplaced === true,
      };
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof FerryError) return undefined;
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** An entry whose item has gone. */
export function removeEmptied(ownerFd: number, folder: Name): void {
  closing(openFolderAt(ownerFd, folder), (fd) =>
    unlessErrno(['ENOENT'], () => unlinkSync(pathAt(fd, infoName))),
  );
  rmdirSync(pathAt(ownerFd, folder));
}

/** Nothing of the user's name reaches the disk as a name. */
function nameOf(owner: string): Name {
  return checkName(Buffer.from(blake3(Buffer.from(owner, 'utf8'))).toString('hex', 0, 16));
}
