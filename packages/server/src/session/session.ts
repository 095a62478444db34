/** A control connection: one person's requests, none of which carries file bytes. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import type { SessionContext } from './context.ts';
import { listHandler } from './handlers/list.ts';
import { makeLinkHandler } from './handlers/make-link.ts';
import { mkdirHandler } from './handlers/mkdir.ts';
import { readLinkHandler } from './handlers/read-link.ts';
import { readRangeHandler } from './handlers/read-range.ts';
import { removeHandler } from './handlers/remove.ts';
import { renameHandler } from './handlers/rename.ts';
import { setFactsHandler } from './handlers/set-facts.ts';
import { spaceHandler } from './handlers/space.ts';
import { statHandler } from './handlers/stat.ts';
import { ticketHandler } from './handlers/ticket.ts';
import { permitted } from './permitted.ts';

export function sessionHandlers(context: SessionContext, grantTicket: () => Uint8Array): Handlers {
  return permitted(
    context.standing,
    new Map([
      listHandler(context),
      statHandler(context),
      mkdirHandler(context),
      renameHandler(context),
      removeHandler(context),
      spaceHandler(context),
      setFactsHandler(context),
      readLinkHandler(context),
      readRangeHandler(context),
      makeLinkHandler(context),
      ticketHandler(grantTicket),
    ]),
  );
}
