/** Moves what a job has found, in the direction of the job. Called by live-job.ts; I/O thread. */

import { baseName, joinPath, type Path, parentPath } from '@ferry/protocol';
import type * as disk from '@ferry/protocol/disk';
import type { FileResult, TransferContext } from '../transfer/context.ts';
import { download } from '../transfer/download.ts';
import { downloadPack, type PackOutcome, uploadPack } from '../transfer/move-pack.ts';
import type { FileItem } from '../transfer/packs.ts';
import { upload } from '../transfer/upload.ts';
import type { JobOrder } from './job.ts';
import { lastOf } from './walk.ts';

/** What a pack of small files takes up: they wait for the line far longer than they use it. A power of two, to add up exactly. */
export const packPlaces = 1 / 4;

export type MoveContext = {
  readonly order: JobOrder;
  /** The folder of this machine that holds the job's source or target. */
  readonly root: disk.Root;
};

/** @throws {FerryError} as {@link download} and {@link upload} */
export function moveFile(
  { order: { direction, source, target }, root }: MoveContext,
  { below, size, facts }: FileItem,
  context: TransferContext,
): Promise<FileResult> {
  if (direction === 'download') {
    const there = joinPath(lastOf(target), ...below);
    return download({ root, source: joinPath(source, ...below), target: there, size, facts }, context);
  }
  return upload(
    { root, source: joinPath(lastOf(source), ...below), target: joinPath(target, ...below) },
    context,
  );
}

/** Files of one folder, by their place. @throws {FerryError} as {@link downloadPack} and {@link uploadPack} */
export function movePack(
  { order: { direction, source, target }, root }: MoveContext,
  items: readonly [FileItem, ...FileItem[]],
  context: TransferContext,
): Promise<readonly PackOutcome[]> {
  const folder: Path = parentPath(items[0].below);
  const names = items.flatMap(({ below }) => baseName(below) ?? []);
  const isDownload = direction === 'download';
  const from = joinPath(isDownload ? source : lastOf(source), ...folder);
  const to = joinPath(isDownload ? lastOf(target) : target, ...folder);
  return (isDownload ? downloadPack : uploadPack)({ root, from, to, names }, context);
}
