/** A tree as a tar archive, made while it is read. Called on I/O threads; goes on in slices. */

import { type TarEntry, type TarKind, tarEnd, tarHeader, tarPadding } from '../content/tar.ts';
import type { Path } from '../path.ts';
import { linkAt } from './at.ts';
import { entryOf } from './facts.ts';
import { readThrough } from './read-through.ts';
import type { Root } from './root.ts';
import { type Found, walkTree } from './walk-tree.ts';
import type { Work } from './work.ts';

/** Takes the next bytes of the archive, which are the caller's again when its promise settles. */
export type Sink = (bytes: Buffer) => void | Promise<void>;

const zeros = Buffer.alloc(64 * 1024);

/**
 * Names begin with that of what was asked for; those of the root have nothing before them. Links are kept as they are; what is
 * neither file, folder nor link is left out. A file that changes while it is read is told to the work, and has the length in
 * the archive that it had at first.
 * @throws {FerryError} NOT_FOUND; CANCELLED
 */
export async function archiveTree(root: Root, path: Path, work: Work, sink: Sink): Promise<void> {
  const prefix = path.slice(-1);
  const put = async (kind: TarKind, found: Found, target = '', size = 0): Promise<void> => {
    const { mode, modified } = entryOf(found.name, found.stats);
    const name = [...prefix, ...found.below].join('/');
    const entry: TarEntry = { path: name, kind, size, mode: mode & 0o777, modified: modified.s, target };
    await sink(tarHeader(entry));
  };
  await walkTree(root, path, work, {
    top: (found) => (prefix.length === 0 ? undefined : put('folder', found)),
    entry: async (found) => {
      const { stats, folderFd, name } = found;
      if (stats.isDirectory()) await put('folder', found);
      else if (stats.isSymbolicLink()) await put('symlink', found, linkAt(folderFd, name));
      else if (stats.isFile()) await putFile(found);
    },
  });
  await sink(tarEnd);

  async function putFile(found: Found): Promise<void> {
    let size: number | undefined;
    let left = 0;
    try {
      await readThrough(root, found, work, async (chunk, _isLast, total) => {
        if (size === undefined) {
          size = total;
          left = total;
          await put('file', found, '', total);
        }
        left -= chunk.length;
        await sink(chunk);
        return true;
      });
    } finally {
      // What follows in the archive stands where its header says, whatever became of this file.
      for (; left > 0 && !work.isCancelled; left -= Math.min(left, zeros.length)) {
        await sink(zeros.subarray(0, left));
      }
      if (size !== undefined) await sink(tarPadding(size));
    }
  }
}
