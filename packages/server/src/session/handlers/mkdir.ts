/** mkdir: see the message of that name. */

import { mkdir } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { type SessionContext, shownPath } from '../context.ts';

export function mkdirHandler(context: SessionContext) {
  return handler(mkdir, async ({ path }, { signal }) => {
    await context.storage.mkdir(path, { signal });
    context.log({ what: 'made', who: context.who, path: shownPath(context, path) });
    return {};
  });
}
