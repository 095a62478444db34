/** patch: see the message of that name. */

import { patch } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneUploads } from '../lane-uploads.ts';

export function patchHandler(uploads: LaneUploads) {
  return handler(patch, async (request, { signal }) => {
    await uploads.patch(request, signal);
    return {};
  });
}
