/** ticket: all that a lane needs to act for this session, on whatever thread it lands. */

import { ticket } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';

export function ticketHandler(grantTicket: () => Uint8Array) {
  return handler(ticket, () => ({ ticket: grantTicket() }));
}
