/** readSlice: see the message of that name. */

import { readSlice } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneReads } from '../lane-reads.ts';

export function readSliceHandler(reads: LaneReads) {
  return handler(readSlice, (request, { signal }) => reads.slice(request, signal));
}
