/**
 * What a partial file and its journal are called, who may still want them, and how one that is bad loses its name. Called on
 * I/O threads.
 */

import { renameSync, unlinkSync } from 'node:fs';
import { checkName, type Name } from '../path.ts';
import { lstatAt, pathAt } from './at.ts';
import { quietly } from './errno.ts';
import { isGone, ownMaker } from './maker.ts';

const leftoverShape = /^([0-9a-f]{32}(?:\.([0-9a-f]{8}-\d+-\d+))?)\.(?:part|bad|journal)$/;

/** One that anybody may go on with has its id for a name; one that nobody can says who makes it, too. */
export function partName(transferId: string, isJournaled: boolean): Name {
  return checkName(`${transferId}${isJournaled ? '' : `.${ownMaker()}`}.part`);
}

/** What the files of one attempt have in common; undefined when a file in the staging folder is none of ours. */
export function stemOf(name: string): string | undefined {
  return leftoverShape.exec(name)?.[1];
}

/** Made by a process that is gone, and of no use to another. */
export function isOrphan(name: string): boolean {
  const maker = leftoverShape.exec(name)?.[2];
  return maker !== undefined && isGone(maker);
}

export function journalName(transferId: string): Name {
  return checkName(`${transferId}.journal`);
}

/**
 * Removes a partial file that the disk has failed to take, unless another one has its name by now. Each step is tried
 * whatever becomes of the others: without its name or without its journal nobody goes on with it.
 * @throws raw system errors of the look at it only
 */
export function condemnPart(partFolderFd: number, transferId: string, name: Name, ino: bigint): void {
  const part = pathAt(partFolderFd, name);
  const bad = pathAt(partFolderFd, checkName(`${transferId}.bad`));
  if (lstatAt(partFolderFd, name)?.ino !== ino) return;
  const isRenamed = quietly(() => renameSync(part, bad));
  quietly(() => unlinkSync(isRenamed ? bad : part));
  quietly(() => unlinkSync(pathAt(partFolderFd, journalName(transferId))));
}
