/**
 * What a server does with its own files where they lie: the contract. Implemented by client/remote-works on the I/O thread, and
 * through the engine's proxy from the UI thread. Orders are plain data: they cross the threads as they are.
 */

import type { FindQuery, Name, Path, WireError } from '@ferry/protocol';
import type { Entries } from './entry-page.ts';
import type { Wait } from './source.ts';

export type WorkOrder =
  /** Deletes so that it can be had back; the result's `id` does that. */
  | { readonly verb: 'trash'; readonly path: Path }
  | { readonly verb: 'restore'; readonly id: string }
  /** For good, with all that is in it. */
  | { readonly verb: 'remove'; readonly path: Path }
  | {
      readonly verb: 'copy' | 'move';
      readonly from: Path;
      readonly to: Path;
      readonly existing: 'fail' | 'overwrite' | 'skip';
    }
  /** A tar, tar.gz or tar.zst that lies there, into a folder that is not there yet. */
  | { readonly verb: 'unpack'; readonly path: Path; readonly to: Path }
  /** Hits come as pages of entries whose names are paths below `path`, names joined by `/`. */
  | { readonly verb: 'find'; readonly path: Path; readonly query: FindQuery };

export type WorkProgress = { readonly files: number; readonly bytes: number };

export type WorkResult = WorkProgress & {
  /** What could not be done; the rest was. */
  readonly failed: number;
  readonly firstFailure: WireError | undefined;
  /** Of a deletion, 32 hex digits. */
  readonly id?: string;
  /** Where a restored one is. */
  readonly path?: Path;
  /** A search ended because it had found enough. */
  readonly more?: boolean;
};

export type WorkWait = Wait & {
  readonly onProgress?: ((progress: WorkProgress) => void) | undefined;
  readonly onPage?: ((entries: Entries) => void) | undefined;
};

export interface ServerWorks {
  /** Cancelled, the server stops within a moment; what it did by then is done. @throws as the message of that name */
  run(order: WorkOrder, opts?: WorkWait): Promise<WorkResult>;
}

/** Where an entry lies: its name may be a path below `folder`, as those of a search are. */
export function entryPath(folder: Path, name: Name): Path {
  return name.includes('/') ? [...folder, ...(name.split('/') as Name[])] : [...folder, name];
}
