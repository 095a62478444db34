/**
 * A place with files: the server's shared folder or the user's own disk. Both panes and all commands see only this.
 * Implemented by client/remote-source (over a connection) and engine/local-source (the disk); called on the I/O thread,
 * and through the engine's proxy from the UI thread.
 */

import type { Facts, Path, Time } from '@ferry/protocol';
import type { Entries } from './entry-page.ts';

export type Wait = { signal?: AbortSignal };

/** Free and total bytes of the file system (or quota) that a folder lies on. */
export type Space = { readonly free: number; readonly total: number };

export type RangeSpec = {
  /** undefined: whatever version is there. */
  readonly identity?: string | undefined;
  readonly offset: number;
  /** 1 … limits.rangeBytes. */
  readonly length: number;
};

export type Range = { readonly facts: Facts; readonly content: Uint8Array };

/**
 * Every method throws FerryError, takes an optional signal, and leaves nothing half done when cancelled.
 * Paths are absolute within the source: names from its root ([] is the shared folder, or `/` of the local disk).
 */
export interface FileSource {
  /**
   * Hands over the folder's entries in pages of at most limits.pageEntries as they arrive, in no particular order.
   * `onPage` is called at least once, also for an empty folder. A cancelled call stops calling it.
   * @throws NOT_FOUND, NOT_FOLDER, FORBIDDEN, IO_ERROR
   */
  list(path: Path, onPage: (entries: Entries) => void, opts?: Wait): Promise<void>;
  /** Never follows a symlink at the last name. @throws NOT_FOUND */
  stat(path: Path, opts?: Wait): Promise<Facts>;
  /** Makes one folder. @throws EXISTS, NOT_FOUND (its parent), READ_ONLY, FORBIDDEN, NO_SPACE */
  mkdir(path: Path, opts?: Wait): Promise<void>;
  /** Never overwrites. @throws EXISTS, NOT_FOUND, READ_ONLY, NAME_INVALID (into itself) */
  rename(from: Path, to: Path, opts?: Wait): Promise<void>;
  /** Removes one file, link or empty folder. @throws NOT_EMPTY, NOT_FOUND, READ_ONLY */
  remove(path: Path, opts?: Wait): Promise<void>;
  /** Permission bits and modification time of a file or folder, as far as the place can hold them. @throws NOT_FOUND */
  setFacts(path: Path, facts: { readonly modified: Time; readonly mode: number }, opts?: Wait): Promise<void>;
  /** What a symlink holds, as a byte string. @throws NOT_FOUND, NOT_REGULAR */
  readLink(path: Path, opts?: Wait): Promise<string>;
  /** @throws EXISTS, NOT_FOUND (its folder), FORBIDDEN, READ_ONLY */
  makeLink(path: Path, target: string, opts?: Wait): Promise<void>;
  /**
   * A few bytes of a file and its facts as it is now, all of one version. Bytes beyond the end are left out. The user's own
   * links are followed, the server's are not. @throws NOT_FOUND, NOT_REGULAR, SOURCE_CHANGED (not that identity), FORBIDDEN
   */
  readRange(path: Path, range: RangeSpec, opts?: Wait): Promise<Range>;
  space(path: Path, opts?: Wait): Promise<Space>;
}
