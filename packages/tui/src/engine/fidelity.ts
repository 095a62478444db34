/**
 * What of a source is more than its bytes: links, and times and permissions of folders. And what could not be kept of it.
 * Called by live-job.ts; I/O thread.
 */

import {
  baseName,
  Code,
  type Entry,
  EntryKind,
  FerryError,
  joinPath,
  linkStaysInside,
  type Path,
  parentPath,
  show,
} from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import type { ConflictPolicy } from '../transfer/conflict.ts';
import { overAnyLine } from '../transfer/retry.ts';
import type { FileSource } from './source.ts';
import { lastOf, type WalkContext } from './walk.ts';

export type LinkOutcome =
  | { readonly outcome: 'moved' | 'skipped' }
  /** Not copied, and why; not a failure unless the user wants it to be. */
  | { readonly outcome: 'lost'; readonly what: string };

/** Requests for facts of folders that are out at once. */
const factsInFlight = 16;

/**
 * A link is copied as it is written when it stays inside of what is copied; one that leads out of it would mean something
 * else over there, or give away a place that nobody asked for.
 * @throws {FerryError} EXISTS, and what the two sides throw
 */
export async function moveLink(
  context: WalkContext,
  below: Path,
  existing: ConflictPolicy,
): Promise<LinkOutcome> {
  const { order, remote, origin, openRoot, signal } = context;
  const isUpload = order.direction === 'upload';
  const isHere = isUpload && origin === undefined;
  const from = joinPath(isHere ? lastOf(order.source) : order.source, ...below);
  const to = joinPath(isUpload ? order.target : lastOf(order.target), ...below);
  const overLine = <T>(step: () => Promise<T>): Promise<T> => overAnyLine(step, signal);
  const read = async (path: Path, source: FileSource | undefined): Promise<string> =>
    source === undefined
      ? disk.readLink(openRoot(), path)
      : overLine(() => source.readLink(path, { signal }));
  const target = await read(from, isHere ? undefined : (origin?.remote ?? remote));
  if (!linkStaysInside(below, target)) {
    return { outcome: 'lost', what: `a link to ${show(target)}, which is not part of what is copied` };
  }
  const make = async (): Promise<void> => {
    if (isUpload) await overLine(() => remote.makeLink(to, target, { signal }));
    else disk.makeLink(openRoot(), to, target);
  };
  try {
    await make();
    return { outcome: 'moved' };
  } catch (error) {
    if (!(error instanceof FerryError) || error.code !== Code.EXISTS) throw error;
    const there = isUpload ? await overLine(() => remote.stat(to, { signal })) : disk.stat(openRoot(), to);
    const isLink = there.kind === EntryKind.symlink;
    if (isLink && (await read(to, isUpload ? remote : undefined)) === target) return { outcome: 'moved' };
    if (existing === 'skip') return { outcome: 'skipped' };
    if (existing !== 'overwrite' || !isLink) throw error;
    if (isUpload) await overLine(() => remote.remove(to, { signal }));
    else disk.remove(openRoot(), to);
    await make();
    return { outcome: 'moved' };
  }
}

/**
 * Gives what was moved to the user and group of the source's names, where the order wants that.
 * @returns what could not be kept. @throws {FerryError} CANCELLED
 */
export async function keepOwner(
  { order, owners, origin, openRoot, signal }: WalkContext,
  below: Path,
  name = baseName(below),
): Promise<string | undefined> {
  if (order.owners !== true) return undefined;
  const isUpload = order.direction === 'upload';
  const isHere = isUpload && origin === undefined;
  const from = joinPath(isHere ? lastOf(order.source) : order.source, ...below);
  const own = joinPath(isUpload ? order.target : lastOf(order.target), ...below);
  const to = name === undefined ? own : joinPath(parentPath(own), name);
  let whose = 'its owner';
  try {
    const owner = isHere
      ? disk.ownerOf(openRoot(), from)
      : await overAnyLine(() => (origin?.owners ?? owners).get(from, signal), signal);
    whose = `its owner ${show(`${owner.user}:${owner.group}`)}`;
    if (isUpload) await overAnyLine(() => owners.set(to, owner, signal), signal);
    else disk.setOwner(openRoot(), to, owner);
    return undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof FerryError)) throw error;
    return `${whose}: ${error.message}`;
  }
}

/** What of these permissions never goes over, in words: it would make others run a file as somebody else. */
export function lostBits(mode: number | undefined): string | undefined {
  const bits = [
    [0o4000, 'setuid'],
    [0o2000, 'setgid'],
    [0o1000, 'sticky'],
  ] as const;
  const lost = bits.filter(([bit]) => ((mode ?? 0) & bit) !== 0).map(([, name]) => name);
  return lost.length === 0 ? undefined : `its ${lost.join(' and ')} bit${lost.length > 1 ? 's' : ''}`;
}

export type FolderFacts = { readonly below: Path; readonly entry: Entry };

/**
 * Times and permissions of folders, the deepest first: what is put into a folder changes its time. Calls `onLost` for each
 * that could not be set.
 */
export async function keepFolderFacts(
  context: WalkContext,
  folders: readonly FolderFacts[],
  onLost: (below: Path, what: string) => void,
): Promise<void> {
  const { order, remote, openRoot, signal } = context;
  const deepestFirst = folders.toSorted((a, b) => b.below.length - a.below.length);
  const next = deepestFirst.values();
  const work = async (): Promise<void> => {
    for (const { below, entry } of next) {
      try {
        const to = joinPath(order.direction === 'upload' ? order.target : lastOf(order.target), ...below);
        for (const lost of [await keepOwner(context, below), lostBits(entry.mode)])
          if (lost !== undefined) onLost(below, lost);
        if (order.direction === 'download') disk.setFacts(openRoot(), to, entry);
        else await overAnyLine(() => remote.setFacts(to, entry, { signal }), signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof FerryError)) throw error;
        onLost(below, `the time and permissions of a folder: ${error.message}`);
      }
    }
  };
  // A folder's time is set after those of what is in it: their order holds within one connection, served in order.
  await Promise.all(Array.from({ length: order.direction === 'upload' ? factsInFlight : 1 }, work));
}
