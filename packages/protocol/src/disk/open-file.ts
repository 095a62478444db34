/**
 * A file of a root, opened for reading its blocks: downloads on the server, uploads on the client. Called on I/O threads.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { blockLength, blockOffset } from '../content/block.ts';
import type { Facts } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { pathAt } from './at.ts';
import { onDisk } from './errno.ts';
import { factsOf } from './facts.ts';
import { identityOf } from './identity.ts';
import type { Root } from './root.ts';

export class OpenFile {
  /** As they were when the file was opened. */
  readonly facts: Facts;
  #fd: number | undefined;

  constructor(fd: number, facts: Facts) {
    this.#fd = fd;
    this.facts = facts;
  }

  /**
   * Fills the start of `buffer` (at least limits.blockBytes, or the file's size) with block `index`; gives its length, 0
   * beyond the end.
   * @throws {FerryError} SOURCE_CHANGED when the file has become shorter; IO_ERROR
   */
  read(index: number, buffer: Uint8Array): number {
    const length = blockLength(this.facts.size, index);
    const fd = this.#held;
    for (let done = 0; done < length; ) {
      const read = onDisk(() => readSync(fd, buffer, done, length - done, blockOffset(index) + done));
      if (read === 0) throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
      done += read;
    }
    return length;
  }

  /** For reads on Node's thread pool; no longer than this is open. */
  get fd(): number {
    return this.#held;
  }

  /** Fills `target` with what begins at `offset`. @throws {FerryError} SOURCE_CHANGED when the file ends before; IO_ERROR */
  readAt(offset: number, target: Uint8Array): void {
    const fd = this.#held;
    for (let done = 0; done < target.length; ) {
      const read = onDisk(() => readSync(fd, target, done, target.length - done, offset + done));
      if (read === 0) throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
      done += read;
    }
  }

  /** False once the file was written to, replaced or removed since it was opened. */
  unchanged(): boolean {
    const fd = this.#held;
    return onDisk(() => identityOf(fstatSync(fd, { bigint: true })) === this.facts.identity);
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  get #held(): number {
    if (this.#fd === undefined) throw new Error('the file is closed');
    return this.#fd;
  }
}

/**
 * Opens a regular file. Never waits for a FIFO's other end and never follows a symlink.
 * @throws {FerryError} NOT_FOUND; NOT_REGULAR for folders, FIFOs, sockets, devices; FORBIDDEN; LIMIT
 */
export function openRead(root: Root, path: Path): OpenFile {
  if (path.length === 0) throw notRegular();
  return root.withParent(path, (folderFd, name) => {
    // Asked before opening, since opening a device or a FIFO can itself do something; asked again of what was opened.
    const seen = root.statAt(folderFd, name);
    if (seen.isSymbolicLink()) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
    if (!seen.isFile()) throw notRegular();
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(pathAt(folderFd, name), flags);
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile()) throw notRegular();
      if (stats.dev !== seen.dev) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
      if (stats.size > BigInt(limits.fileBlocks) * BigInt(limits.blockBytes)) {
        throw new FerryError(Code.LIMIT, 'the file is too large to be moved');
      }
      return new OpenFile(fd, factsOf(name, stats));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  });
}

function notRegular(): FerryError {
  return new FerryError(Code.NOT_REGULAR, 'not a regular file');
}
