/** manifest: the file read once, with a turn for everybody else after each block, no faster than the client takes the parts. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { asFerryError, Code, FerryError } from '@ferry/protocol';
import {
  blockContentAt,
  blockCount,
  blockDigest,
  Chunker,
  ChunkList,
  packChunks,
} from '@ferry/protocol/content';
import { manifest, manifestBlocks, manifestChunks } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneContext } from '../lane.ts';

/** Chunks that one block can end, at most: what may be added before the next look at the part's size. */
const chunksPerBlock = 65;

export function manifestHandler({ storage, buffers, transfers }: LaneContext) {
  return handler(manifest, async ({ path, identity }, call) => {
    transfers.checkWelcome();
    const file = await storage.openRead(path, identity, { signal: call.signal });
    const buffer = await buffers.take(call.signal);
    try {
      const list = new ChunkList();
      const chunker = new Chunker((length, digest) => list.push(length, digest));
      let told = 0;
      let toldBytes = 0;
      let digests: Uint8Array[] = [];
      const flush = async (): Promise<void> => {
        const chunkBytes = list.sizeBytes - toldBytes;
        const part = {
          blocks: Buffer.concat(digests),
          chunks: packChunks(list, told, list.count),
          chunkBytes,
        };
        told = list.count;
        toldBytes = list.sizeBytes;
        digests = [];
        if (!call.part(part)) await call.ready();
      };
      for (let index = 0; index < blockCount(file.facts.size); index++) {
        if (call.signal.aborted) throw asFerryError(call.signal.reason);
        const length = await file.read(index, buffer.subarray(blockContentAt));
        const content = buffer.subarray(blockContentAt, blockContentAt + length);
        chunker.push(content);
        digests.push(blockDigest(content));
        if (digests.length === manifestBlocks || list.count - told > manifestChunks - chunksPerBlock)
          await flush();
        await nextTurn();
      }
      chunker.end();
      await flush();
      if (!(await file.unchanged())) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
      }
      return {};
    } finally {
      buffers.give(buffer);
      file.close();
    }
  });
}
