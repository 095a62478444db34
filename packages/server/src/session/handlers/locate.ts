/** locate: see the message of that name. */

import { locate } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { locateContent } from '../known-content.ts';
import type { LaneContext } from '../lane.ts';

export function locateHandler({ storage, contents, principal }: LaneContext) {
  const where = { storage, contents, root: principal.root };
  return handler(locate, async ({ size, firstBlock }, { signal }) => ({
    place: await locateContent(where, size, firstBlock, signal),
  }));
}
