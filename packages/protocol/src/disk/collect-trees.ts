/** Removing half-made copies of folders that a dead program left in the staging folder. Called on I/O threads, now and then. */

import { closeSync } from 'node:fs';
import type { Name } from '../path.ts';
import { lstatAt } from './at.ts';
import { errnoOf, onDiskAsync } from './errno.ts';
import { namesIn } from './names-in.ts';
import { removeAt } from './remove-tree.ts';
import type { Staging } from './staging.ts';
import { Work } from './work.ts';

/** Longer than any copy takes: one that is being made cannot be told from one that was left, milliseconds. */
export const treeAgeMs = 86_400_000;

const treeShape = /^[0-9a-f]{32}\.tree$/;

/** @returns how many. @throws {FerryError} when the staging folder cannot be read */
export async function collectTrees(staging: Staging, maxAgeMs: number, nowMs: number): Promise<number> {
  return onDiskAsync(async () => {
    let partFolderFd: number;
    try {
      partFolderFd = staging.openPartFolder();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 0;
      throw error;
    }
    try {
      const old: Name[] = [];
      for (const { name } of namesIn(partFolderFd)) {
        const stats = treeShape.test(name) ? lstatAt(partFolderFd, name) : undefined;
        if (stats !== undefined && nowMs - Number(stats.ctimeMs) > maxAgeMs) old.push(name);
      }
      const work = new Work();
      for (const name of old) {
        const spot = { folderFd: partFolderFd, name };
        await removeAt(staging.root, spot, { isFolder: true, isOurs: true }, [name], work);
      }
      return old.length;
    } finally {
      closeSync(partFolderFd);
    }
  });
}
