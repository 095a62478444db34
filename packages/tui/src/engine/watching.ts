/** Folders that are shown: what changes there is heard of without asking. The contract; I/O thread, and through the engine's proxy. */

import type { FolderNews, Path } from '@ferry/protocol';
import type { Where } from './engine.ts';
import type { Wait } from './source.ts';

/** What is heard while a folder is watched; its end is an error. */
export type FolderChange = Exclude<FolderNews, { readonly kind: 'over' }>;

export type WatchHears = {
  /** It has begun; `pollMs`: how often the folder is read to find out, 0 where the system says so. What is listed from now on, and what is heard, miss nothing. */
  readonly onWatched?: ((pollMs: number) => void) | undefined;
  readonly onChange?: ((change: FolderChange) => void) | undefined;
};

export interface Watching {
  /**
   * Runs until its signal says so, which is CANCELLED, or nothing is heard any more, which is why. A listing of the folder that is asked for
   * after this call misses nothing.
   * @throws {FerryError} NOT_FOUND, NOT_FOLDER, FORBIDDEN, LIMIT; CONNECTION_LOST; UNKNOWN_MESSAGE (an older server)
   */
  watch(where: Where, path: Path, hears: WatchHears, opts?: Wait): Promise<never>;
}
