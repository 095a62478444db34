/**
 * One file from the server into a folder of this machine. The first request asks for the file's facts and first blocks at
 * once; then a window of requests stays out on each lane until every block is there. Each block is verified and written
 * when it comes. What an earlier attempt left of the same version is gone on with. I/O thread.
 */

import { Code, EntryKind, type Facts, FerryError, type Path } from '@ferry/protocol';
import { type Root, stat } from '@ferry/protocol/disk';
import type { TransferContext } from './context.ts';
import { worthComparingBytes } from './delta.ts';
import { Incoming } from './incoming.ts';
import { sayReceived } from './say-received.ts';

export type DownloadSpec = {
  readonly source: Path;
  /** Folder of this machine that nothing written leaves. */
  readonly root: Root;
  readonly target: Path;
  /** As a listing said, bytes; only a hint. */
  readonly size?: number;
  /** As they were a moment ago: all lanes can begin at once then. Only a hint. */
  readonly facts?: Facts | undefined;
};

/**
 * Resolves when the file is complete, verified, on the disk and under its name. A cancelled or failed call leaves nothing
 * that looks like a file; what could be gone on with stays in the staging folder unless the user gave it up.
 * @throws {FerryError} EXISTS, CONFLICT, NO_SPACE, IO_ERROR of this side; NOT_FOUND, NOT_REGULAR, SOURCE_CHANGED … of the
 *   server's; INTEGRITY when a block keeps arriving damaged; CANCELLED; why the server cannot be reached
 */
export async function download(spec: DownloadSpec, context: TransferContext): Promise<void> {
  const { placing } = context;
  const there = existingTarget(spec.root, spec.target);
  if (there !== undefined && placing.existing === 'fail')
    throw new FerryError(Code.EXISTS, 'that name is taken');
  const expected = placing.existing === 'fail' ? undefined : (placing.expected ?? there?.identity);
  if (expected !== undefined && there?.identity !== expected)
    throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
  const file = new Incoming(spec, context, {
    expected,
    old: there?.kind === EntryKind.file && there.size >= worthComparingBytes ? there : undefined,
  });
  context.lanes.prepare(spec.size ?? 0);
  try {
    await file.fetch();
    file.commit();
  } catch (error) {
    file.end(error);
    throw error;
  }
  await sayReceived([spec.source], context);
}

function existingTarget(root: Root, target: Path): Facts | undefined {
  try {
    return stat(root, target);
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}
