/** Folders of the user's own disk that are shown; links that lead to folders are followed, as in listings. I/O thread. */

import { asFerryError, Code, FerryError, type FolderNews, type Path, rootPath } from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import { diskPath, followed } from './local-source.ts';
import type { Wait } from './source.ts';
import type { WatchHears } from './watching.ts';

/** Panes, and some that are being left. */
const mostWatches = 16;

export class LocalWatching {
  readonly #hearing = new Map<string, (news: FolderNews) => void>();
  readonly #watches = new disk.FolderWatches({
    most: mostWatches,
    onNews: (key, news) => this.#hearing.get(key)?.(news),
  });
  #nextKey = 1;

  /** As Watching has it. */
  async watch(path: Path, { onWatched, onChange }: WatchHears, { signal }: Wait = {}): Promise<never> {
    const key = String(this.#nextKey++);
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(cancelled());
    this.#hearing.set(key, (news) => {
      if (news.kind === 'over') reject(news.error);
      else onChange?.(news);
    });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    try {
      // Whoever stops it meanwhile waits no longer.
      const begun = this.#watches.watch(key, placeAt(path));
      const { pollMs } = await Promise.race([begun, promise]);
      onWatched?.(pollMs);
      return await promise;
    } catch (error) {
      throw asFerryError(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#hearing.delete(key);
      this.#watches.leave(key);
    }
  }

  close(): void {
    this.#watches.close();
  }
}

function placeAt(path: Path): disk.WatchedPlace {
  const open = (): disk.Root => disk.Root.open(diskPath(path), { oneFileSystem: false });
  const inside = <T>(use: (root: disk.Root) => T): T => {
    const root = open();
    try {
      return use(root);
    } finally {
      root.close();
    }
  };
  return {
    open: () => inside((root) => root.holdFolder(rootPath)),
    hides: (name) => disk.isStagingName(name),
    entry: (folderFd, name) => {
      const entry = disk.entryIn(folderFd, name);
      return entry === undefined ? undefined : followed(path, entry);
    },
    list: function* () {
      const root = open();
      try {
        for (const page of disk.list(root, rootPath)) yield page.map((entry) => followed(path, entry));
      } finally {
        root.close();
      }
    },
  };
}

function cancelled(): FerryError {
  return new FerryError(Code.CANCELLED, 'cancelled');
}
