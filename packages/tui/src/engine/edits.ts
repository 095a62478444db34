/**
 * Copies of the server's files that a user edits: the contract. Implemented by engine/edit-copies on the I/O thread, and through the
 * engine's proxy from the UI thread.
 */

import type { Facts, Path } from '@ferry/protocol';
import type { Wait } from './source.ts';
import type { DiffLine } from './text-diff.ts';

/** A private copy of a file of the server. It stays until it is dropped, whatever becomes of the program. */
export type EditCopy = {
  /** Where it is, on this machine. */
  readonly copy: Path;
  /** The version that it is a copy of. */
  readonly version: Facts;
  /** Of its content as it came, hex. */
  readonly digest: string;
};

export type StoreSpec = {
  readonly copy: Path;
  /** Of the server. */
  readonly path: Path;
  /** The only version that may be replaced; undefined: the name must be free. */
  readonly replaces: Facts | undefined;
  readonly mode: number;
};

/** Every call throws FerryError and takes an optional signal. */
export interface Edits {
  /** @throws as a download; SOURCE_CHANGED when it kept changing meanwhile. Leaves nothing then */
  fetch(path: Path, opts?: Wait): Promise<EditCopy>;
  /** Of a file's content now, hex. @throws NOT_FOUND, NOT_REGULAR, IO_ERROR */
  digest(copy: Path, opts?: Wait): Promise<string>;
  /**
   * What the version that is replaced holds already does not travel. While the server is away it waits. The copy stays.
   * @throws as an upload; CONFLICT or NOT_FOUND when the file is another or none by now, EXISTS when the name is not free
   */
  store(spec: StoreSpec, opts?: Wait): Promise<Facts>;
  /** From the server's file to the copy. @throws FORBIDDEN where it is no text or too long to compare */
  difference(copy: Path, path: Path, opts?: Wait): Promise<readonly DiffLine[]>;
  /** Copies that a program left which is gone: it crashed, or was ended, before they were saved. */
  leftovers(): Promise<readonly Path[]>;
  /**
   * The copy is as it came; it goes away when this program ends, unless it is another by then: an editor in a window of its own may
   * have it open still.
   */
  leave(copy: EditCopy): Promise<void>;
  /** Removes the copy and its folder. */
  drop(copy: Path): Promise<void>;
}
