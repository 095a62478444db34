/** Moves what a job has found, in the direction of the job. Called by live-job.ts; I/O thread. */

import { baseName, type Facts, joinPath, type Name, type Path, parentPath } from '@ferry/protocol';
import type * as disk from '@ferry/protocol/disk';
import type { TransferContext } from '../transfer/context.ts';
import { download } from '../transfer/download.ts';
import { downloadPack, type PackOutcome, uploadPack } from '../transfer/move-pack.ts';
import type { FileItem } from '../transfer/packs.ts';
import type { Origin } from '../transfer/relay-file.ts';
import { relayPack } from '../transfer/relay-pack.ts';
import { upload } from '../transfer/upload.ts';
import type { JobOrder } from './job.ts';
import { lastOf } from './walk.ts';

/** What a pack of small files takes up: they wait for the line far longer than they use it. A power of two, to add up exactly. */
export const packPlaces = 1 / 2;

export type MoveContext = {
  readonly order: JobOrder;
  /** The folder of this machine that holds the job's source or target. @throws {FerryError} as Root.open */
  readonly openRoot: () => disk.Root;
  /** As LiveJobContext. */
  readonly origin: Origin | undefined;
};

export type MovePlace = {
  /** Instead of the item's own. */
  readonly name?: Name | undefined;
  /** What it replaces. */
  readonly old?: Facts | undefined;
};

/** @throws {FerryError} as {@link download} and {@link upload} */
export function moveFile(
  { order: { direction, source, target }, openRoot, origin }: MoveContext,
  { below, size, facts }: FileItem,
  { name, old }: MovePlace,
  context: TransferContext,
): Promise<void> {
  const own = joinPath(direction === 'download' ? lastOf(target) : target, ...below);
  const to = name === undefined ? own : joinPath(parentPath(own), name);
  if (origin !== undefined)
    return upload({ from: origin, source: joinPath(source, ...below), target: to, old }, context);
  const root = openRoot();
  return direction === 'download'
    ? download({ root, source: joinPath(source, ...below), target: to, size, facts }, context)
    : upload({ root, source: joinPath(lastOf(source), ...below), target: to, old }, context);
}

/** Files of one folder, by their place. @throws {FerryError} as {@link downloadPack} and {@link uploadPack} */
export function movePack(
  { order: { direction, source, target }, openRoot, origin }: MoveContext,
  items: readonly [FileItem, ...FileItem[]],
  context: TransferContext,
): Promise<readonly PackOutcome[]> {
  const folder: Path = parentPath(items[0].below);
  const names = items.flatMap(({ below }) => baseName(below) ?? []);
  if (origin !== undefined) {
    const spec = { origin, from: joinPath(source, ...folder), to: joinPath(target, ...folder), names };
    return relayPack(spec, context);
  }
  const root = openRoot();
  const isDownload = direction === 'download';
  const from = joinPath(isDownload ? source : lastOf(source), ...folder);
  const to = joinPath(isDownload ? lastOf(target) : target, ...folder);
  return (isDownload ? downloadPack : uploadPack)({ root, from, to, names }, context);
}
