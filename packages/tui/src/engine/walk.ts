/**
 * What a job finds on the side it comes from, and the folders that it makes on the other. Knows which side is which, so
 * that transfer/plan need not. Called by live-job.ts; I/O thread.
 */

import {
  asFerryError,
  baseName,
  Code,
  EntryKind,
  FerryError,
  joinPath,
  type Path,
  rootPath,
} from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import type { RemoteOwners } from '../client/remote-owners.ts';
import { type PlanItem, plan } from '../transfer/plan.ts';
import { overAnyLine } from '../transfer/retry.ts';
import type { Entries } from './entry-page.ts';
import type { JobOrder } from './job.ts';
import type { JobOrigin } from './live-job-context.ts';
import type { FileSource } from './source.ts';

export type WalkContext = {
  readonly order: JobOrder;
  readonly remote: FileSource;
  readonly owners: RemoteOwners;
  /** As LiveJobContext. */
  readonly origin: JobOrigin | undefined;
  /** The folder of this machine that holds the job's source or target. @throws {FerryError} as Root.open */
  readonly openRoot: () => disk.Root;
  readonly signal: AbortSignal;
};

/** Answer a folder with `next(false)` to get nothing of what is in it. */
export type Walk = AsyncGenerator<PlanItem, void, boolean | undefined>;

/** What can have failed; folders that could not be made or read are `refused`. */
export type FailedItem = Exclude<PlanItem, { readonly kind: 'folder' }>;

export function lastOf(path: Path): Path {
  const name = baseName(path);
  return name === undefined ? rootPath : [name];
}

/** The whole source, or a folder `from` below it. @throws {FerryError} as plan */
export async function* walkAll(context: WalkContext, from: Path = rootPath): Walk {
  const { signal, origin } = context;
  const { source, kind, direction } = context.order;
  if (direction === 'upload' && origin === undefined) {
    const root = context.openRoot();
    const top = joinPath(lastOf(source), ...from);
    const facts = disk.stat(root, top);
    const list = async (folder: Path) => [...disk.list(root, folder)].flat();
    yield* plan(top, kind, { size: facts.size, entry: facts }, list, signal);
    return;
  }
  // Where it cannot be put, it need not be looked for.
  if (direction === 'download') context.openRoot();
  const remote = origin?.remote ?? context.remote;
  const top = joinPath(source, ...from);
  const facts = await overAnyLine(() => remote.stat(top, { signal }), signal);
  const list = (folder: Path) =>
    overAnyLine(async () => {
      const pages: Entries[] = [];
      await remote.list(folder, (page) => pages.push(page), { signal });
      return pages.flatMap((page) => [...page]);
    }, signal);
  yield* plan(top, kind, { size: facts.size, entry: facts, facts }, list, signal);
}

/** What failed, once more: files, and folders with all that is in them. What is never moved is refused again. */
export async function* walkAgain(context: WalkContext, items: readonly FailedItem[]): Walk {
  for (const item of items) {
    if (item.kind !== 'refused' || item.error.code === Code.NOT_REGULAR) yield item;
    else yield* walkFolderAgain(context, item.below);
  }
}

async function* walkFolderAgain(context: WalkContext, folder: Path): Walk {
  const walk = walkAll(context, folder);
  try {
    for (let step = await walk.next(); step.done !== true; ) {
      const { value } = step;
      step = await walk.next(yield { ...value, below: joinPath(folder, ...value.below) });
    }
  } catch (thrown) {
    const error = asFerryError(thrown);
    if (error.code === Code.CANCELLED) throw error;
    yield { kind: 'refused', below: folder, error };
  }
}

/** On the receiving side. False when a folder was there already; it is used. @throws {FerryError} EXISTS: no folder; … */
export async function makeFolder(context: WalkContext, below: Path): Promise<boolean> {
  const { order, remote, openRoot, signal } = context;
  const isUpload = order.direction === 'upload';
  const there = joinPath(order.target, ...below);
  const here = joinPath(lastOf(order.target), ...below);
  try {
    if (isUpload) await overAnyLine(() => remote.mkdir(there, { signal }), signal);
    else disk.mkdir(openRoot(), here);
    return true;
  } catch (error) {
    if (!(error instanceof FerryError) || error.code !== Code.EXISTS) throw error;
    const { kind } = isUpload
      ? await overAnyLine(() => remote.stat(there, { signal }), signal)
      : disk.stat(openRoot(), here);
    if (kind !== EntryKind.folder) throw error;
    return false;
  }
}
