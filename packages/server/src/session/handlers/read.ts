/** read: see the message of that name. */

import { read } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneReads } from '../lane-reads.ts';

export function readHandler(reads: LaneReads) {
  return handler(read, (request, call) => reads.serve(request, call));
}
