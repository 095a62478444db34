/** discard: see the message of that name. */

import { discard } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneUploads } from '../lane-uploads.ts';

export function discardHandler(uploads: LaneUploads) {
  return handler(discard, async ({ handle, keep }) => {
    await uploads.discard(handle, keep);
    return {};
  });
}
