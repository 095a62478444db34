/** attach: the first frame of a lane: the ticket, and the proof that this TLS connection belongs to the session. */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, tuple } from '../wire/shape.ts';
import { ticketBytesMax } from './ticket.ts';

export type Attach = { readonly version: number; readonly ticket: Uint8Array; readonly proof: Uint8Array };

export const attach = operation<Attach>({
  kind: Kind.attach,
  request: tuple<Attach>({
    version: integer(0, 0xffff),
    ticket: bytes(1, ticketBytesMax),
    proof: bytes(32, 32),
  }),
});
