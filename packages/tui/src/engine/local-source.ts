/**
 * The user's own disk as a FileSource, from `/` down. People's own links are followed where they lead to folders, as a file
 * manager does; what is transferred is read and written elsewhere, confined. I/O thread; synchronous under its promises,
 * with a pause between pages.
 */

import { realpathSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  baseName,
  byteString,
  bytesOf,
  Code,
  type Entry,
  EntryKind,
  FerryError,
  type Name,
  type Path,
  parentPath,
  rootPath,
} from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import type { FileSource, Range, RangeSpec } from './source.ts';

/** The place on disk, as bytes. */
export function diskPath(path: Path): Buffer {
  return bytesOf(`/${path.join('/')}`);
}

/** Opens a folder, which may be or lie behind the user's own links, and closes it again. */
export async function inFolder<T>(path: Path, use: (root: disk.Root) => T | Promise<T>): Promise<T> {
  const root = disk.Root.open(diskPath(path), { oneFileSystem: false });
  try {
    return await use(root);
  } finally {
    root.close();
  }
}

/** In the folder that holds a path's last name. `/` itself is looked at from inside. */
function inParent<T>(path: Path, use: (root: disk.Root, below: Path) => T): Promise<T> {
  const name = baseName(path);
  return inFolder(parentPath(path), (root) => use(root, name === undefined ? rootPath : [name]));
}

/** A link to a folder can be entered, so it is shown as one. */
function withLinksFollowed(folder: Path, entry: Entry): Entry {
  if (entry.kind !== EntryKind.symlink) return entry;
  const target = statSync(diskPath([...folder, entry.name]), { throwIfNoEntry: false });
  return target?.isDirectory() === true ? { ...entry, kind: EntryKind.folder } : entry;
}

/** As it is listed: what a link leads to, where that is a folder. */
export function followed(folder: Path, entry: Entry): Entry {
  try {
    return withLinksFollowed(folder, entry);
  } catch {
    // A link that goes in circles or where nobody may look: shown as the link that it is.
    return entry;
  }
}

/** Where a path leads when its links are followed; itself where they lead nowhere. */
export function realPath(path: Path): Path {
  try {
    const names = byteString(realpathSync(diskPath(path), 'buffer'))
      .split('/')
      .slice(1);
    return names[0] === '' ? [] : (names as Name[]);
  } catch {
    return path;
  }
}

async function readRange(path: Path, { identity, offset, length }: RangeSpec): Promise<Range> {
  return inParent(realPath(path), (root, below) => {
    const file = disk.openRead(root, below);
    try {
      const { facts } = file;
      if (identity !== undefined && facts.identity !== identity) throw changed();
      const content = new Uint8Array(Math.max(0, Math.min(length, facts.size - offset)));
      file.readAt(offset, content);
      if (!file.unchanged()) throw changed();
      return { facts, content };
    } finally {
      file.close();
    }
  });
}

function changed(): FerryError {
  return new FerryError(Code.SOURCE_CHANGED, 'the file has changed since you looked');
}

export const localSource: FileSource = {
  list: (path, onPage, { signal } = {}) =>
    inFolder(path, async (root) => {
      let pages = 0;
      for (const page of disk.list(root, rootPath)) {
        signal?.throwIfAborted();
        pages += 1;
        onPage(page.map((entry) => followed(path, entry)));
        await nextTurn();
      }
      if (pages === 0) onPage([]);
    }),
  stat: (path) => inParent(path, (root, below) => disk.stat(root, below)),
  mkdir: (path) => inParent(path, (root, below) => disk.mkdir(root, below)),
  rename: (from, to) => {
    const name: Name | undefined = baseName(to);
    const sameFolder = parentPath(from).join('/') === parentPath(to).join('/');
    if (sameFolder && name !== undefined)
      return inParent(from, (root, below) => disk.rename(root, below, [name]));
    return inFolder(rootPath, (root) => disk.rename(root, from, to));
  },
  remove: (path) => inParent(path, (root, below) => disk.remove(root, below)),
  setFacts: (path, facts) => inParent(path, (root, below) => disk.setFacts(root, below, facts)),
  readLink: (path) => inParent(path, (root, below) => disk.readLink(root, below)),
  makeLink: (path, target) => inParent(path, (root, below) => disk.makeLink(root, below, target)),
  readRange,
  space: (path) => inFolder(path, (root) => disk.space(root, rootPath)),
};
