/** Lanes of a session that come in at another server than the session: asked for there, answered here. Main thread. */

import { Code, FerryError } from '@ferry/protocol';
import {
  decodeGrant,
  decodeShown,
  encodeGrant,
  encodeShown,
  invalidTicket,
  type LaneGrant,
  type LaneTickets,
  type ShownTicket,
} from '../access/lane-tickets.ts';
import type { Servers } from '../bus/servers.ts';

/** What one server asks another. */
export const laneVerb = 'lane';

/** Whose lane it is, as the server says that gave the ticket. @throws {FerryError} BUSY, and what that server says */
export async function askForLane(
  servers: Pick<Servers, 'ask' | 'isWhole' | 'has'> | undefined,
  issuer: string,
  shown: ShownTicket,
): Promise<LaneGrant> {
  if (servers === undefined) throw invalidTicket();
  if (!servers.isWhole) {
    throw new FerryError(Code.BUSY, 'this server does not reach the others now: try again in a moment', {
      retryAfterMs: 1000,
    });
  }
  // One that has ended takes its sessions with it, and one that begins has been heard of before anybody has its tickets.
  if (!servers.has(issuer)) {
    throw new FerryError(
      Code.BUSY,
      'the server that gave this ticket is not there now: try again in a moment',
      {
        retryAfterMs: 1000,
      },
    );
  }
  return decodeGrant(await servers.ask(issuer, laneVerb, encodeShown(shown)));
}

/**
 * The answer to another server's question.
 * @param refusal why a lane of this session is not let in
 * @throws {FerryError} MALFORMED, TICKET_INVALID, TICKET_EXPIRED, KICKED
 */
export function grantFarLane(
  tickets: LaneTickets,
  refusal: (sessionId: string) => FerryError | undefined,
  body: Uint8Array,
): Uint8Array {
  const grant = tickets.spend(decodeShown(body));
  const why = refusal(Buffer.from(grant.sessionId).toString('hex'));
  if (why !== undefined) throw why;
  return encodeGrant(grant);
}
