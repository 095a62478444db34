/** ticket: what lets a further connection act as a lane of this session, on any thread, for a minute from now. */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, type Nothing, nothing, tuple } from '../wire/shape.ts';

export const ticketBytesMax = 1024;

export const ticket = operation<Nothing, { ticket: Uint8Array }>({
  kind: Kind.ticket,
  request: nothing,
  reply: tuple({ ticket: bytes(1, ticketBytesMax) }),
});
