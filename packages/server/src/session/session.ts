/** A control connection: one person's requests, none of which carries file bytes. Worker threads. */

import type { Enrol } from '@ferry/protocol/messages';
import type { Handlers } from '@ferry/protocol/session';
import type { AdminDesk } from '../access/admin-desk.ts';
import type { ShareDesk } from '../access/share-desk.ts';
import type { SessionPresence } from '../presence/session-presence.ts';
import type { SessionWatches } from '../watching/session-watches.ts';
import type { Transfers } from '../worker/transfers.ts';
import type { ChatDoor } from './chat-link.ts';
import type { SessionContext } from './context.ts';
import { adminHandlers } from './handlers/admin.ts';
import { chatHandlers } from './handlers/chat.ts';
import { copyHandler, moveHandler } from './handlers/copy.ts';
import { enrolHandler } from './handlers/enrol.ts';
import { listHandler } from './handlers/list.ts';
import { makeLinkHandler } from './handlers/make-link.ts';
import { mkdirHandler } from './handlers/mkdir.ts';
import { ownerHandler, setOwnerHandler } from './handlers/owner.ts';
import { activityHandler, whoHandler } from './handlers/presence.ts';
import { readLinkHandler } from './handlers/read-link.ts';
import { readRangeHandler } from './handlers/read-range.ts';
import { removeHandler } from './handlers/remove.ts';
import { removeTreeHandler } from './handlers/remove-tree.ts';
import { renameHandler } from './handlers/rename.ts';
import { setFactsHandler } from './handlers/set-facts.ts';
import { endShareHandler, listSharesHandler, shareHandler } from './handlers/share.ts';
import { spaceHandler } from './handlers/space.ts';
import { statHandler } from './handlers/stat.ts';
import { findHandler, sumHandler, usageHandler } from './handlers/survey.ts';
import { ticketHandler } from './handlers/ticket.ts';
import { emptyTrashHandler, listTrashHandler, restoreHandler, trashHandler } from './handlers/trash.ts';
import { unpackHandler } from './handlers/unpack.ts';
import { unwatchHandler, watchHandler } from './handlers/watch.ts';
import { permitted } from './permitted.ts';
import { SessionWorks } from './works.ts';

/** What only the connection itself has for its session. */
export type OfConnection = {
  readonly grantTicket: () => Uint8Array;
  /** @throws {FerryError} FORBIDDEN, AUTH_FAILED, REVOKED, BUSY */
  readonly enrolDevice: (request: Enrol) => Promise<void>;
  readonly transfers: Transfers;
  readonly desk: ShareDesk;
  readonly admin: AdminDesk;
  readonly chat: ChatDoor['member'];
  readonly watches: SessionWatches;
  readonly presence: SessionPresence;
};

export function sessionHandlers(
  context: SessionContext,
  { grantTicket, enrolDevice, transfers, desk, admin, chat, watches, presence }: OfConnection,
): Handlers {
  const works = new SessionWorks(transfers);
  let table: Handlers | undefined;
  // With the first request: most of the many that are here only wait for news.
  const made = (): Handlers =>
    new Map([
      listHandler(context, watches),
      statHandler(context),
      mkdirHandler(context),
      renameHandler(context),
      removeHandler(context),
      spaceHandler(context),
      setFactsHandler(context),
      ownerHandler(context),
      setOwnerHandler(context),
      readLinkHandler(context),
      readRangeHandler(context),
      makeLinkHandler(context),
      copyHandler(context, works),
      moveHandler(context, works),
      removeTreeHandler(context, works),
      sumHandler(context, works),
      usageHandler(context, works),
      findHandler(context, works),
      unpackHandler(context, works),
      trashHandler(context, works),
      listTrashHandler(context, works),
      restoreHandler(context),
      emptyTrashHandler(context, works),
      ticketHandler(grantTicket),
      enrolHandler(enrolDevice),
      shareHandler(context, desk),
      listSharesHandler(context, desk),
      endShareHandler(context, desk),
      ...adminHandlers(context, admin),
      ...chatHandlers(chat),
      watchHandler(watches),
      unwatchHandler(watches),
      whoHandler(presence),
      activityHandler(presence),
    ]);
  return permitted(context, {
    get: (kind) => {
      table ??= made();
      return table.get(kind);
    },
  });
}
