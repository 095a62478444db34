/** slice: see the message of that name. */

import { slice } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneUploads } from '../lane-uploads.ts';

export function sliceHandler(uploads: LaneUploads) {
  return handler(slice, async (request) => {
    await uploads.slice(request);
    return {};
  });
}
