/**
 * A file, link or folder made out of sight, in the staging folder, that gets its name when it is complete and on the disk.
 * Called by copy-tree.ts and unpack-tree.ts on I/O threads.
 */

import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, statfsSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { checkName } from '../path.ts';
import { closing, folderPath, openFolderAt, pathAt } from './at.ts';
import { unlessErrno } from './errno.ts';
import { FileSyncs } from './file-syncs.ts';
import { FolderSync } from './folder-sync.ts';
import type { Spot } from './graft.ts';
import { moveAt } from './move.ts';
import type { KeptVersion } from './old-versions.ts';
import { removeAt } from './remove-tree.ts';
import { renameOver } from './rename-over.ts';
import type { Staging } from './staging.ts';
import { Work } from './work.ts';

const tmpfsMagic = 0x01021994;

export type StageOrder = {
  readonly isFolder: boolean;
  /** `overwrite`: a file that is there is replaced; a folder never is. */
  readonly existing: 'fail' | 'overwrite';
  /** Before a file is replaced. */
  readonly keep?: () => KeptVersion | undefined;
};

/**
 * `build` makes the entry at the spot that it is given, and says which permission bits a folder shall have: it must be writable to
 * be moved. Cancelled or failed, nothing is left.
 * @throws {FerryError} EXISTS, NOT_FOUND (the folder was moved away); raw system errors; what `build` throws
 */
export async function stageEntry(
  staging: Staging,
  to: Spot,
  { isFolder, existing, keep }: StageOrder,
  work: Work,
  build: (part: Spot, syncs: FileSyncs) => Promise<number | undefined>,
): Promise<void> {
  const { root } = staging;
  const partFolderFd = staging.openOrMakePartFolder(to.folderFd);
  const part = checkName(`${randomBytes(16).toString('hex')}.${isFolder ? 'tree' : 'part'}`);
  const syncs = new FileSyncs(root.durable && statfsSync(folderPath(partFolderFd)).type !== tmpfsMagic);
  try {
    const mode = await build({ folderFd: partFolderFd, name: part }, syncs);
    await syncs.flush();
    if (!root.contains(to.folderFd)) {
      throw new FerryError(Code.NOT_FOUND, 'the folder was moved away meanwhile');
    }
    work.check();
    if (existing === 'fail') moveAt(partFolderFd, part, to.folderFd, to.name, isFolder);
    else renameOver(pathAt(partFolderFd, part), pathAt(to.folderFd, to.name), keep?.());
    if (mode !== undefined) {
      closing(openFolderAt(to.folderFd, to.name), (fd) =>
        unlessErrno(['EPERM', 'EOPNOTSUPP', 'ENOTSUP'], () => chmodSync(folderPath(fd), mode)),
      );
    }
    if (!root.durable) return;
    const folders = new FolderSync();
    folders.add(to.folderFd);
    folders.add(partFolderFd);
    folders.sync();
  } catch (error) {
    syncs.abandon();
    // Not to be cancelled; what stays behind all the same is collected by age.
    await removeAt(
      root,
      { folderFd: partFolderFd, name: part },
      { isFolder, isOurs: true },
      [],
      new Work(),
    ).catch(() => {});
    throw error;
  } finally {
    closeSync(partFolderFd);
  }
}
