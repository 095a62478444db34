/** What a partial file and its journal are called, and how one that is bad loses its name. Called on I/O threads. */

import { renameSync, unlinkSync } from 'node:fs';
import { checkName, type Name } from '../path.ts';
import { lstatAt, pathAt } from './at.ts';
import { quietly } from './errno.ts';

export function partName(transferId: string): Name {
  return checkName(`${transferId}.part`);
}

export function journalName(transferId: string): Name {
  return checkName(`${transferId}.journal`);
}

/**
 * Removes a partial file that the disk has failed to take, unless another one has its name by now. Each step is tried
 * whatever becomes of the others: without its name or without its journal nobody goes on with it.
 * @throws raw system errors of the look at it only
 */
export function condemnPart(partFolderFd: number, transferId: string, ino: bigint): void {
  const part = pathAt(partFolderFd, partName(transferId));
  const bad = pathAt(partFolderFd, checkName(`${transferId}.bad`));
  if (lstatAt(partFolderFd, partName(transferId))?.ino !== ino) return;
  const isRenamed = quietly(() => renameSync(part, bad));
  quietly(() => unlinkSync(isRenamed ? bad : part));
  quietly(() => unlinkSync(pathAt(partFolderFd, journalName(transferId))));
}
