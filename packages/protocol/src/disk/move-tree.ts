/** Moving files and folders inside a root, joining folders where asked to. Called on I/O threads; goes on in slices. */

import { rmdirSync } from 'node:fs';
import { pathAt } from './at.ts';
import { unlessErrno } from './errno.ts';
import { FolderSync } from './folder-sync.ts';
import { type GraftSpec, graft } from './graft.ts';
import { moveAt } from './move.ts';
import { renameOver } from './rename-over.ts';
import type { Staging } from './staging.ts';
import type { Work } from './work.ts';

/**
 * A name at a time: cancelled or failed, each entry is at one of the two places, whole.
 * @throws {FerryError} as graft
 */
export async function moveTree(staging: Staging, spec: GraftSpec, work: Work): Promise<void> {
  const { root } = staging;
  const folders = new FolderSync();
  const touch = (folderFd: number): void => {
    if (!root.durable) return;
    folders.add(folderFd);
    // One descriptor each: a few at a time.
    if (folders.size >= mostUnsynced) folders.sync();
  };
  try {
    await graft(
      {
        root,
        work,
        put: async (from, stats, to, place, existing) => {
          if (existing === 'fail') {
            moveAt(from.folderFd, from.name, to.folderFd, to.name, stats.isDirectory());
          } else {
            const kept = staging.keepOld(spec, place.to, to.folderFd, to.name);
            renameOver(pathAt(from.folderFd, from.name), pathAt(to.folderFd, to.name), kept);
          }
          if (stats.isDirectory()) work.folders += 1;
          else work.files += 1;
          touch(to.folderFd);
          touch(from.folderFd);
        },
        joined: (from) => {
          // What was skipped or failed keeps its folder.
          const gone = unlessErrno(['ENOTEMPTY', 'EEXIST'], () =>
            rmdirSync(pathAt(from.folderFd, from.name)),
          );
          if (gone) touch(from.folderFd);
        },
      },
      spec,
    );
    folders.sync();
  } finally {
    folders.clear();
  }
}

const mostUnsynced = 32;
