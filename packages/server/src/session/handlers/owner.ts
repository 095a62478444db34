/** owner, setOwner: see the messages of these names. */

import { owner, setOwner } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function ownerHandler({ storage }: SessionContext) {
  return handler(owner, ({ path }, { signal }) => storage.owner(path, { signal }));
}

export function setOwnerHandler({ storage }: SessionContext) {
  return handler(setOwner, async ({ path, user, group }, { signal }) => {
    await storage.setOwner(path, { user, group }, { signal });
    return {};
  });
}
