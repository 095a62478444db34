/** Files whose content must reach the disk: many go on together, so that the file system can do them in one. I/O threads. */

import { closeSync, fdatasync, fsyncSync } from 'node:fs';
import { promisify } from 'node:util';
import { unlessErrno } from './errno.ts';

const syncOnPool = promisify(fdatasync);
const mostAtOnce = 64;

export class FileSyncs {
  /** False where nothing needs to be synced. */
  readonly #isOn: boolean;
  #fds: number[] = [];

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** Takes the descriptor over. A promise to wait for when there are many. */
  add(fd: number): Promise<void> | undefined {
    if (!this.#isOn) {
      closeSync(fd);
      return undefined;
    }
    this.#fds.push(fd);
    return this.#fds.length >= mostAtOnce ? this.flush() : undefined;
  }

  /** A folder's names, at once; its descriptor stays the caller's. */
  folder(fd: number): void {
    if (this.#isOn) unlessErrno(['EINVAL'], () => fsyncSync(fd));
  }

  /** Resolves when all is on the disk. @throws raw system errors; all descriptors are closed even so */
  async flush(): Promise<void> {
    const fds = this.#fds.splice(0);
    const ends = await Promise.allSettled(fds.map((fd) => syncOnPool(fd)));
    for (const fd of fds) closeSync(fd);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Closes what waits. */
  abandon(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}
