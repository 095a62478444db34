/** commit: see the message of that name. */

import { commit } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneUploads } from '../lane-uploads.ts';

export function commitHandler(uploads: LaneUploads) {
  return handler(commit, ({ handle, rootDigest }) => uploads.commit(handle, rootDigest));
}
