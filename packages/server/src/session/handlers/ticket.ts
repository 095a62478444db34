/** ticket: all that a lane needs to act for this session, on whatever thread it lands. */

import { ticket } from '@ferry/protocol/messages';
import { handler, sealTicket, type TicketKeys } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function ticketHandler({ principal }: SessionContext, sessionId: Uint8Array, keys: TicketKeys) {
  const { user, role, root } = principal;
  return handler(ticket, () => ({
    ticket: sealTicket(keys, { sessionId, user, readOnly: role !== 'owner', root }, Date.now()),
  }));
}
