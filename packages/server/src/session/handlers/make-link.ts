/** makeLink: see the message of that name. Links out of what the account sees are refused: others may follow them. */

import { Code, FerryError, linkStaysInside } from '@ferry/protocol';
import { makeLink } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { type SessionContext, shownPath } from '../context.ts';

export function makeLinkHandler(context: SessionContext) {
  return handler(makeLink, async ({ path, target }, { signal }) => {
    if (!linkStaysInside(path, target)) {
      throw new FerryError(Code.FORBIDDEN, 'that link leads out of what is shared');
    }
    await context.storage.makeLink(path, target, { signal });
    context.log({ what: 'made', who: context.who, path: shownPath(context, path) });
    return {};
  });
}
