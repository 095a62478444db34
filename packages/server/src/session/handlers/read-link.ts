/** readLink: see the message of that name. */

import { readLink } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function readLinkHandler({ storage }: SessionContext) {
  return handler(readLink, async ({ path }, { signal }) => ({
    target: await storage.readLink(path, { signal }),
  }));
}
