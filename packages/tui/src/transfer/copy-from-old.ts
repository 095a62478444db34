/** Blocks of a new version on the server, put together from the old one that is here. Called by incoming.ts; I/O thread. */

import { type Facts, FerryError, limits, type Path } from '@ferry/protocol';
import { blockDigest, planDelta, sameDigest } from '@ferry/protocol/content';
import { type OpenFile, openRead, type Root } from '@ferry/protocol/disk';
import type { ClientChannel } from '@ferry/protocol/session';
import { chunkFile, fetchManifest, isAllCopied } from './delta.ts';
import { takeTurns } from './take-turns.ts';

export type OldAndWanted = {
  readonly lane: ClientChannel;
  readonly old: { readonly root: Root; readonly path: Path };
  readonly wanted: { readonly path: Path; readonly facts: Facts };
};

/**
 * Hands over each block that the old version holds all of; `content` is lent for the call.
 * @throws {FerryError} as {@link fetchManifest} and {@link chunkFile}; what `onBlock` throws
 */
export async function copyFromOld(
  { lane, old, wanted }: OldAndWanted,
  signal: AbortSignal,
  {
    wants,
    onBlock,
  }: {
    readonly wants: (index: number) => boolean;
    readonly onBlock: (index: number, content: Buffer, digest: Uint8Array) => void;
  },
): Promise<void> {
  const file = openIfPossible(old);
  if (file === undefined) return;
  try {
    const [fresh, chunks] = await Promise.all([
      fetchManifest(lane, wanted.path, wanted.facts, signal),
      chunkFile(file, signal),
    ]);
    const plan = planDelta(chunks, fresh.chunks);
    const buffer = Buffer.allocUnsafe(limits.blockBytes);
    await takeTurns(fresh.blocks.entries(), signal, ([index, digest]) => {
      const pieces = plan.blockRecipe(index);
      if (!wants(index) || !isAllCopied(pieces)) return;
      let length = 0;
      for (const piece of pieces) {
        if (piece.kind === 'copy') file.readAt(piece.from, buffer.subarray(length, length + piece.length));
        length += piece.length;
      }
      const content = buffer.subarray(0, length);
      // The comparing was a guess; only the digest says.
      if (sameDigest(blockDigest(content), digest)) onBlock(index, content, digest);
    });
  } finally {
    file.close();
  }
}

/** The old version only saves work; one that cannot be read saves none. */
function openIfPossible({ root, path }: OldAndWanted['old']): OpenFile | undefined {
  try {
    return openRead(root, path);
  } catch (error) {
    if (error instanceof FerryError) return undefined;
    throw error;
  }
}
