/**
 * What can be learned of a tree without changing it: digests, sizes, and where something is. Rows go out as they are found;
 * the work waits for whoever takes them. Called on I/O threads; goes on in slices.
 */

import { LineSearch } from '../content/line-search.ts';
import { type SumAlgorithm, wholeDigest } from '../content/whole-digest.ts';
import type { Entry } from '../entry.ts';
import { entryTest, type FindQuery, nameTest } from '../find-query.ts';
import type { Name, Path } from '../path.ts';
import { entryOf } from './facts.ts';
import { readThrough } from './read-through.ts';
import type { Root } from './root.ts';
import { walkTree } from './walk-tree.ts';
import type { Work } from './work.ts';

/** Takes a row; a promise holds the work up. */
export type Rows<Row> = (row: Row) => void | Promise<void>;

export type SumRow = {
  /** Below what was asked about; [] for a file itself. */
  readonly path: Path;
  readonly size: number;
  readonly digest: Uint8Array;
};

/** All regular files below, or the one. @throws {FerryError} NOT_FOUND; CANCELLED */
export async function sumTree(
  root: Root,
  path: Path,
  algorithm: SumAlgorithm,
  work: Work,
  rows: Rows<SumRow>,
): Promise<void> {
  await walkTree(root, path, work, {
    entry: async (found) => {
      if (!found.stats.isFile()) return;
      const digest = wholeDigest(algorithm);
      let size = 0;
      await readThrough(root, found, work, (chunk) => {
        digest.update(chunk);
        size += chunk.length;
        return true;
      });
      await rows({ path: found.below, size, digest: digest.digest() });
    },
  });
}

export type UsageRow = {
  /** A folder right below what was asked about, with all that is in it. */
  readonly name: Name;
  readonly files: number;
  readonly folders: number;
  /** Of content. */
  readonly bytes: number;
  /** What it takes on the disk; less where files have holes or are compressed. */
  readonly allocated: number;
};

/** A file with several names counts once for each. @throws {FerryError} NOT_FOUND; CANCELLED */
export async function usageOf(root: Root, path: Path, work: Work, rows: Rows<UsageRow>): Promise<void> {
  let before = { ...countsOf(work) };
  await walkTree(root, path, work, {
    entry: ({ stats, below }) => {
      // The folder itself was counted already.
      if (stats.isDirectory() && below.length === 1)
        before = { ...countsOf(work), folders: work.folders - 1 };
      work.allocated += Number(stats.blocks) * 512;
      if (stats.isFile()) work.bytes += Number(stats.size);
    },
    left: ({ name, below }) => {
      if (below.length > 1) return undefined;
      const now = countsOf(work);
      return rows({
        name,
        files: now.files - before.files,
        folders: now.folders - before.folders,
        bytes: now.bytes - before.bytes,
        allocated: now.allocated - before.allocated,
      });
    },
  });
}

function countsOf({ files, folders, bytes, allocated }: Work): Omit<UsageRow, 'name'> {
  return { files, folders, bytes, allocated };
}

export type Hit = {
  /** Below what was searched; [] for its own entries. */
  readonly folder: Path;
  readonly entry: Entry;
  /** Of a hit in the content, from 1; 0 for a hit by name and in what is no text. */
  readonly line: number;
  /** The line around it, as a byte string. */
  readonly text: string;
};

/** Hits as they are found, until there are `most`. @returns whether there may be more. @throws {FerryError} NOT_FOUND; CANCELLED */
export async function findIn(
  root: Root,
  path: Path,
  query: FindQuery,
  most: number,
  work: Work,
  rows: Rows<Hit>,
): Promise<boolean> {
  const fits = entryTest(query);
  const { content, anyCase } = query;
  const enough = new Enough();
  let count = 0;
  const tell = async (hit: Hit): Promise<void> => {
    if (count >= most) throw enough;
    count += 1;
    await rows(hit);
  };
  try {
    await walkTree(root, path, work, {
      wants: nameTest(query),
      entry: async (found) => {
        const entry = entryOf(found.name, found.stats);
        if (!fits(entry)) return;
        const folder = found.below.slice(0, -1);
        if (content === undefined) {
          await tell({ folder, entry, line: 0, text: '' });
          return;
        }
        const search = new LineSearch(content, anyCase);
        await readThrough(root, found, work, async (chunk, isLast) => {
          for (const { line, text } of search.push(chunk, isLast)) await tell({ folder, entry, line, text });
          return !search.isOver;
        });
      },
    });
    return false;
  } catch (error) {
    if (error === enough) return true;
    throw error;
  }
}

/** Thrown through the walk; no error of any entry. */
class Enough extends Error {}
