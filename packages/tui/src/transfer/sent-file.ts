/** What an upload reads its blocks from: a file of this machine here, or one of another server (relay-file.ts). I/O thread. */

import { Code, type Facts, FerryError } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { OpenFile } from '@ferry/protocol/disk';
import { type ReadBlock, readBlock } from './read-block.ts';

export type SentFile = {
  /** As they were when it was opened; all blocks are of that version. */
  readonly facts: Facts;
  /**
   * A block in a buffer of the pool, which is the caller's to give back. `isWanted` says which of those after it will be asked
   * for, too. @throws {FerryError} SOURCE_CHANGED, CANCELLED, …
   */
  readonly block: (
    index: number,
    pool: BlockPool,
    signal: AbortSignal,
    isWanted: (index: number) => boolean,
  ) => Promise<ReadBlock>;
  /** The digest of a block without its content, where that is to be had more cheaply. @throws {FerryError} */
  readonly digestOf: ((index: number, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
  /** After the last block. @throws {FerryError} SOURCE_CHANGED */
  readonly checkUnchanged: (signal: AbortSignal) => Promise<void>;
  /** Where it lies on this machine, what it has in common with other files can be found out. */
  readonly disk: OpenFile | undefined;
  readonly close: () => void;
};

export function diskFile(file: OpenFile): SentFile {
  return {
    facts: file.facts,
    block: (index, pool, signal) => readBlock(file, index, pool, signal),
    digestOf: undefined,
    checkUnchanged: async () => {
      if (!file.unchanged()) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was sent');
      }
    },
    disk: file,
    close: () => file.close(),
  };
}
