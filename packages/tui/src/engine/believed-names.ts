/**
 * Names that an earlier process of a job has given on this machine. It may have been killed before their folders were on the disk,
 * so that a power cut could still take them: nobody counts them before that was made up for. Held by job-files.ts; I/O thread.
 */

import { type Path, parentPath } from '@ferry/protocol';
import { type Root, syncNames } from '@ferry/protocol/disk';

/** Folders that are remembered; of more, some are synced again. */
const most = 1000;

export class BelievedNames {
  readonly #folders = new Map<string, Promise<unknown>>();

  /**
   * Resolves when the name, and those of the folders that it is in, are on the disk: each folder is synced once, as the same
   * process may have made it.
   * @throws {FerryError} IO_ERROR, and what looking into the folders throws; the next call tries again
   */
  async believe(root: Root, path: Path): Promise<void> {
    for (let folder = parentPath(path); ; folder = parentPath(folder)) {
      await this.#sync(root, folder);
      if (folder.length === 0) return;
    }
  }

  #sync(root: Root, folder: Path): Promise<unknown> {
    const key = folder.join('/');
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    if (this.#folders.size >= most) this.#folders.clear();
    const syncing = syncNames(root, folder);
    this.#folders.set(key, syncing);
    syncing.catch(() => this.#folders.delete(key));
    return syncing;
  }
}
