/**
 * Small files of one folder, published together: each staged, verified and synced like any other, with one walk, one look
 * at the folder and one sync of it for all, and for other packs of that moment. Called on I/O threads; what takes the kernel
 * long, making a file and syncing, is done on the thread pool, for many files at once.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  open,
  openSync,
  readFileSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { contentDigest, sameDigest } from '../content/digest.ts';
import { type Time, timeToNs } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { type Name, type Path, stagingName } from '../path.ts';
import { closing, folderPath, lstatAt, pathAt } from './at.ts';
import { asDiskError, onDisk, unlessErrno } from './errno.ts';
import { FolderSync } from './folder-sync.ts';
import { moveAt } from './move.ts';
import { partName as partNameFor } from './part-name.ts';
import { renameOver } from './rename-over.ts';
import { setFacts } from './set-facts.ts';
import { syncShared } from './shared-syncs.ts';
import type { KeepsOld } from './staged-file-spec.ts';
import type { Staging } from './staging.ts';
import type { TargetRule } from './target.ts';

const tmpfsMagic = 0x01021994;

const openOnPool = promisify(open);
const syncOnPool = promisify(fdatasync);

export type PackFile = {
  readonly name: Name;
  readonly modified: Time;
  /** Permission bits; only 0o777 of them are kept, less the staging's umask. */
  readonly mode: number;
  readonly rootDigest: Uint8Array;
  readonly content: Uint8Array;
};

export type PackSpec = KeepsOld & {
  readonly folder: Path;
  readonly existing: TargetRule['existing'];
  /** A file that is there with this content and time counts as stored. */
  readonly again: boolean;
  readonly files: readonly PackFile[];
};

/** undefined: stored, and durable if `durable`. */
export type PackResult = {
  readonly outcomes: readonly (FerryError | undefined)[];
  readonly durable: boolean;
};

type Staged = { readonly index: number; readonly partName: Name };

/**
 * One that fails stops no other and leaves nothing.
 * @throws {FerryError} NOT_FOUND, NOT_FOLDER, FORBIDDEN … when the folder itself cannot be used; IO_ERROR when it could not
 *   be synced: then nothing is sure
 */
export async function storePack(staging: Staging, spec: PackSpec): Promise<PackResult> {
  const { root } = staging;
  const outcomes: (FerryError | undefined)[] = spec.files.map(() => undefined);
  const folderFd = root.holdFolder(spec.folder);
  try {
    const partFolderFd = onDisk(() => staging.openOrMakePartFolder(folderFd));
    try {
      const pack = randomBytes(14).toString('hex');
      const toSync = root.durable && !isInMemory(partFolderFd);
      const settled = await Promise.all(
        spec.files.map(async (file, index): Promise<Staged | undefined> => {
          try {
            if (isOurs(root.hideStaging, spec.folder, file.name)) {
              throw new FerryError(Code.NAME_INVALID, 'that name is reserved');
            }
            if (isThere(folderFd, file, spec.again)) return undefined;
            const partName = partNameOf(pack, index);
            await stage(partFolderFd, file, partName, staging.umask, toSync);
            return { index, partName };
          } catch (error) {
            outcomes[index] = asDiskError(error);
            return undefined;
          }
        }),
      );
      const staged = settled.filter((file) => file !== undefined);
      if (!root.contains(folderFd)) {
        for (const { partName } of staged) unlinkQuietly(partFolderFd, partName);
        throw new FerryError(Code.NOT_FOUND, 'the folder was moved away during the transfer');
      }
      for (const { index, partName } of staged) {
        const name = spec.files[index]?.name;
        try {
          if (name === undefined) throw new Error('a file without its name');
          // Both look at the name and take it in one step.
          if (spec.existing === 'fail') moveAt(partFolderFd, partName, folderFd, name, false);
          else {
            const kept = staging.keepOld(spec, [...spec.folder, name], folderFd, name);
            renameOver(pathAt(partFolderFd, partName), pathAt(folderFd, name), kept);
          }
        } catch (error) {
          const file = spec.files[index];
          const failure = asDiskError(error);
          unlinkQuietly(partFolderFd, partName);
          // The earlier attempt may have gone on meanwhile, on a line that its sender has given up.
          if (failure.code === Code.EXISTS && file !== undefined && isThere(folderFd, file, spec.again))
            continue;
          outcomes[index] = failure;
        }
      }
      if (!root.durable) return { outcomes, durable: false };
      // The new names first: cut off in between, a file has both rather than none.
      const named = await syncFolder(folderFd, toSync);
      const unnamed = await syncFolder(partFolderFd, toSync);
      return { outcomes, durable: named && unnamed };
    } finally {
      closeSync(partFolderFd);
    }
  } finally {
    closeSync(folderFd);
  }
}

async function syncFolder(folderFd: number, onPool: boolean): Promise<boolean> {
  if (onPool) return syncShared(folderFd);
  const folders = new FolderSync();
  folders.add(folderFd);
  return folders.sync();
}

function isOurs(hideStaging: boolean, folder: Path, name: Name): boolean {
  return hideStaging && folder.length === 0 && name === stagingName;
}

/** Whether an earlier attempt has put it there. */
function isThere(folderFd: number, { name, modified, content }: PackFile, again: boolean): boolean {
  if (!again) return false;
  const stats = lstatAt(folderFd, name);
  if (stats?.isFile() !== true || Number(stats.size) !== content.length) return false;
  const apart = stats.mtimeNs - timeToNs(modified);
  if (apart > 1000n || apart < -1000n) return false;
  const fd = openSync(
    pathAt(folderFd, name),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  return closing(fd, () => Buffer.compare(readFileSync(fd), content) === 0);
}

function partNameOf(pack: string, index: number): Name {
  return partNameFor(`${pack}${index.toString(16).padStart(4, '0')}`, false);
}

/** A whole file under its partial name, synced if `toSync`; nothing of it is left where it throws. */
async function stage(
  partFolderFd: number,
  file: PackFile,
  partName: Name,
  umask: number,
  toSync: boolean,
): Promise<void> {
  const { content, rootDigest, mode, modified } = file;
  if (!sameDigest(contentDigest(content), rootDigest)) {
    throw new FerryError(Code.INTEGRITY, 'the file that arrived is not the file that was sent');
  }
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const path = pathAt(partFolderFd, partName);
  // In memory it is done sooner than handed over.
  const fd = toSync ? await openOnPool(path, flags, 0o600) : openSync(path, flags, 0o600);
  try {
    try {
      for (let done = 0; done < content.length; )
        done += writeSync(fd, content, done, content.length - done, done);
      setFacts(fd, mode & 0o777 & ~umask, modified);
      if (toSync) await syncOnPool(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    unlinkQuietly(partFolderFd, partName);
    throw error;
  }
}

/** On a file system in memory there is nothing to sync, and asking costs as much as writing the file. */
function isInMemory(folderFd: number): boolean {
  return statfsSync(folderPath(folderFd)).type === tmpfsMagic;
}

/** What stays behind is collected by age. */
function unlinkQuietly(partFolderFd: number, partName: Name): void {
  unlessErrno(['ENOENT', 'EACCES', 'EIO', 'EROFS'], () => unlinkSync(pathAt(partFolderFd, partName)));
}
