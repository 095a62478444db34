/** What the server keeps of an upload that nobody will go on with. Called by forget-partials.ts; I/O thread. */

import { Code, FerryError } from '@ferry/protocol';
import { blockCount } from '@ferry/protocol/content';
import { Begin, create, discard } from '@ferry/protocol/messages';
import type { LaneSource } from '../client/lanes.ts';
import { blocksInFlight } from './send-in-one.ts';
import { openSource, orderOf, type UploadSpec } from './upload.ts';

/** Where there is nothing to join, there is nothing of it; the rest goes by age. */
const harmless: ReadonlySet<Code> = new Set([
  Code.BAD_STATE,
  Code.NOT_FOUND,
  Code.NOT_REGULAR,
  Code.EXISTS,
  Code.FORBIDDEN,
  Code.READ_ONLY,
]);

/** One round trip for a large file, none for others. @throws {FerryError} of the line; CANCELLED */
export async function forgetUpload(spec: UploadSpec, lanes: LaneSource, signal: AbortSignal): Promise<void> {
  try {
    const file = await openSource(spec, signal);
    try {
      if (blockCount(file.facts.size) <= blocksInFlight) return;
      const order = orderOf(spec, file, { existing: 'overwrite' });
      const lane = await lanes.take(signal);
      try {
        const handle = lane.nextHandle();
        await lane.channel.call(create, { ...order, handle, begin: Begin.join }, { signal });
        await lane.channel.call(discard, { handle, keep: false }, { signal });
      } finally {
        lane.release();
      }
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof FerryError) || !harmless.has(error.code)) throw error;
  }
}
