/** setFacts: see the message of that name. */

import { setFacts } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function setFactsHandler({ storage }: SessionContext) {
  return handler(setFacts, async ({ path, modified, mode }, { signal }) => {
    await storage.setFacts(path, { modified, mode }, { signal });
    return {};
  });
}
