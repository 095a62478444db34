/**
 * Folders whose names have changed and must reach the disk. Many small files share one of these, and so one fsync per folder.
 * Called on I/O threads.
 */

import { closeSync, fstatSync, fsyncSync } from 'node:fs';
import { reopenFolderToSync } from './at.ts';
import { onDisk, unlessErrno } from './errno.ts';

export class FolderSync {
  readonly #fds = new Map<string, number>();
  #syncable = true;

  /**
   * Remembers an open folder; the caller may close its handle. Holds one descriptor per distinct folder until {@link sync}.
   * @throws raw system errors; all folders are forgotten then
   */
  add(folderFd: number): void {
    try {
      const { dev, ino } = fstatSync(folderFd, { bigint: true });
      const key = `${dev}:${ino}`;
      if (this.#fds.has(key)) return;
      // A folder we may write to but not read cannot be opened for fsync.
      const opened = unlessErrno(['EACCES'], () => {
        this.#fds.set(key, reopenFolderToSync(folderFd));
      });
      if (!opened) this.#syncable = false;
    } catch (error) {
      this.clear();
      throw error;
    }
  }

  /** Distinct folders waiting. */
  get size(): number {
    return this.#fds.size;
  }

  /**
   * Syncs and forgets all folders. False when a file system cannot do that (the only failure that is not one).
   * @throws {FerryError} IO_ERROR; all folders are forgotten even so, as a failed fsync must not be tried again
   */
  sync(): boolean {
    let durable = this.#syncable;
    let failure: { error: unknown } | undefined;
    for (const fd of this.#fds.values()) {
      try {
        if (!unlessErrno(['EINVAL'], () => fsyncSync(fd))) durable = false;
      } catch (error) {
        failure ??= { error };
      } finally {
        closeSync(fd);
      }
    }
    this.#fds.clear();
    this.#syncable = true;
    if (failure !== undefined) {
      const { error } = failure;
      onDisk(() => {
        throw error;
      });
    }
    return durable;
  }

  /** Forgets all folders without a sync. */
  clear(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }
}
