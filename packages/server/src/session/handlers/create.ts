/** create: see the message of that name. */

import { create } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { LaneUploads } from '../lane-uploads.ts';

export function createHandler(uploads: LaneUploads) {
  return handler(create, (request, call) => uploads.create(request, call));
}
