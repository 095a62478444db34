/** remove: see the message of that name. */

import { remove } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { type SessionContext, shownPath } from '../context.ts';

export function removeHandler(context: SessionContext) {
  return handler(remove, async ({ path }, { signal }) => {
    await context.storage.remove(path, { signal });
    context.log({ what: 'removed', who: context.who, path: shownPath(context, path) });
    return {};
  });
}
