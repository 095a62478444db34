/**
 * What one deleted or overwrote on the server and can have back: the contract. Implemented by client/trash on the I/O thread, and through
 * the engine's proxy from the UI thread. Bringing back is a work (server-works.ts).
 */

import type { EntryKind, Path } from '@ferry/protocol';
import type { Wait } from './source.ts';

export type TrashRow = {
  /** 32 hex digits. */
  readonly id: string;
  /** Where it was. */
  readonly path: Path;
  readonly kind: EntryKind;
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly deletedMs: number;
  /** Another version took its place; brought back it takes that one's, which goes to the trash. */
  readonly isReplaced: boolean;
};

/** So many of the newest are shown. */
export const mostTrashRows = 1000;

export interface ServerTrash {
  /** The newest first, at most `most`, and `mostTrashRows`. */
  list(opts?: Wait & { readonly most?: number | undefined }): Promise<readonly TrashRow[]>;
  /** For good. One that is gone is no error. */
  drop(id: string, opts?: Wait): Promise<void>;
}
