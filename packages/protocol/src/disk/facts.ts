/**
 * From what lstat says to a row of a listing. Pure; called on I/O threads.
 */

import type { BigIntStats } from 'node:fs';
import { type Entry, EntryKind, type Facts, type Time, timeFromNs } from '../entry.ts';
import type { Name } from '../path.ts';
import { identityOf } from './identity.ts';

/** What the wire can say; some file systems hold stranger times, and one of them must not spoil a whole page. */
const earliest: Time = { s: -2_208_988_800, ns: 0 };
const latest: Time = { s: 253_402_300_799, ns: 999_999_999 };

/** What `blocks` of lstat counts in, whatever the file system. */
const statBlockBytes = 512n;

export function entryOf(name: Name, stats: BigIntStats): Entry {
  const kind = kindOf(stats);
  return {
    name,
    kind,
    size: kind === EntryKind.file ? Math.min(Number(stats.size), Number.MAX_SAFE_INTEGER) : 0,
    modified: timeOf(stats.mtimeNs),
    mode: Number(stats.mode) & 0o7777,
  };
}

export function factsOf(name: Name, stats: BigIntStats): Facts {
  const sparse = stats.isFile() && stats.blocks * statBlockBytes < stats.size;
  return { ...entryOf(name, stats), identity: identityOf(stats), sparse };
}

function kindOf(stats: BigIntStats): EntryKind {
  if (stats.isFile()) return EntryKind.file;
  if (stats.isDirectory()) return EntryKind.folder;
  if (stats.isSymbolicLink()) return EntryKind.symlink;
  return EntryKind.other;
}

function timeOf(ns: bigint): Time {
  const time = timeFromNs(ns);
  if (time.s < earliest.s) return earliest;
  return time.s > latest.s ? latest : time;
}
