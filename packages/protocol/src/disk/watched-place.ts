/** A folder of a root as something that can be watched: confined as any listing of it. Watching threads. */

import type { Entry } from '../entry.ts';
import { type Name, type Path, stagingName } from '../path.ts';
import { lstatAt } from './at.ts';
import { entryOf } from './facts.ts';
import type { WatchedPlace } from './folder-watch.ts';
import { list } from './list.ts';
import type { Root } from './root.ts';

/** What is there under a name in an open folder, never following it; undefined for nothing. */
export function entryIn(folderFd: number, name: Name): Entry | undefined {
  const stats = lstatAt(folderFd, name);
  return stats === undefined ? undefined : entryOf(name, stats);
}

export function isStagingName(name: Name): boolean {
  return name === stagingName;
}

export function watchedPlace(root: Root, path: Path): WatchedPlace {
  return {
    open: () => root.holdFolder(path),
    hides: (name) => path.length === 0 && root.hideStaging && name === stagingName,
    entry: (folderFd, name) => {
      const stats = root.lookAt(folderFd, name);
      return stats === undefined ? undefined : entryOf(name, stats);
    },
    list: () => list(root, path),
  };
}
