/** A block of a download that comes in slices, straight into its staged file. Called by incoming.ts; I/O thread. */

import { Code, FerryError, type Path } from '@ferry/protocol';
import { blockLength } from '@ferry/protocol/content';
import type { StagedFile } from '@ferry/protocol/disk';
import { readSlice } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import type { TransferContext } from './context.ts';
import { inSlices } from './in-slices.ts';
import { stallMs } from './retry.ts';

export type SlicedFetch = {
  readonly path: Path;
  readonly identity: string;
  /** Of the file. */
  readonly size: number;
  readonly index: number;
  /** Bytes of the block that may be asked for now. */
  readonly granted: number;
  readonly file: StagedFile;
};

/**
 * Resolves when all of the block has been asked for; `answered` when it is there and verified. Its bytes are told as they
 * come, and taken back when the block fails.
 * @throws {FerryError} INTEGRITY; the server's; CANCELLED; of this side's disk
 */
export async function fetchInSlices(
  lane: Lane,
  { path, identity, size, index, granted, file }: SlicedFetch,
  { pace, gate, signal, onBytes }: Pick<TransferContext, 'pace' | 'gate' | 'signal' | 'onBytes'>,
): Promise<{ readonly answered: Promise<void> }> {
  const length = blockLength(size, index);
  const wanted = AbortSignal.any([signal, gate.late]);
  let told = 0;
  let digest: Uint8Array | undefined;
  const takeBack = (error: unknown): never => {
    onBytes(-told);
    throw error;
  };
  const sliced = await inSlices({ length, granted, pace, gate, signal }, async (slice) => {
    const reply = await lane.channel.call(
      readSlice,
      { path, identity, index, offset: slice.offset, length: slice.length, digest: slice.isLast },
      { signal: wanted, timeoutMs: stallMs },
    );
    if (reply.content.length !== slice.length || (slice.isLast && reply.digest === undefined)) {
      throw new FerryError(Code.MALFORMED, 'the server sent something else than what was asked for');
    }
    file.writeSlice(index, slice.offset, reply.content);
    digest = reply.digest;
    lane.moved(slice.length);
    told += slice.length;
    onBytes(slice.length);
  }).catch(takeBack);
  const answered = sliced.answered.then(() => {
    if (digest !== undefined) file.settle(index, digest);
  });
  return { answered: answered.catch(takeBack) };
}
