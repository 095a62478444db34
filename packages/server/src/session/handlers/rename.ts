/** rename: see the message of that name. */

import { rename } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { type SessionContext, shownPath } from '../context.ts';

export function renameHandler(context: SessionContext) {
  return handler(rename, async ({ from, to }, { signal }) => {
    await context.storage.rename(from, to, { signal });
    context.log({
      what: 'renamed',
      who: context.who,
      path: shownPath(context, from),
      to: shownPath(context, to),
    });
    return {};
  });
}
