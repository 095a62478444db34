/** Lanes of a session that come in at another server than the session: asked for there, answered here. Main thread. */

import { Code, FerryError } from '@ferry/protocol';
import { bytes, decodeBody, encodeBody, integer, optional, tuple } from '@ferry/protocol/wire';
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
import type { Orders } from './orders.ts';

/** With the rates that the owner has set for the session, bytes a second. */
const answerShape = tuple<{ grant: Uint8Array; down: number | undefined; up: number | undefined }>({
  grant: bytes(1, 256),
  down: optional(integer(1)),
  up: optional(integer(1)),
});

/** What one server asks another. */
export const laneVerb = 'lane';

/** Whose lane it is, as the server says that gave the ticket. @throws {FerryError} BUSY, and what that server says */
export async function askForLane(
  servers: Pick<Servers, 'ask' | 'isWhole' | 'has'> | undefined,
  orders: Pick<Orders, 'slowFrom'>,
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
  const answer = decodeBody(
    answerShape,
    Buffer.from(await servers.ask(issuer, laneVerb, encodeShown(shown))),
  );
  const grant = decodeGrant(answer.grant);
  const { down, up } = answer;
  orders.slowFrom(Buffer.from(grant.sessionId).toString('hex'), { down, up });
  return grant;
}

/**
 * The answer to another server's question.
 * @param orders what the owner wants of its session
 * @throws {FerryError} MALFORMED, TICKET_INVALID, TICKET_EXPIRED, KICKED
 */
export function grantFarLane(
  tickets: LaneTickets,
  orders: Pick<Orders, 'refusal' | 'ratesOf'>,
  body: Uint8Array,
): Uint8Array {
  const grant = tickets.spend(decodeShown(body));
  const sessionId = Buffer.from(grant.sessionId).toString('hex');
  const why = orders.refusal(sessionId);
  if (why !== undefined) throw why;
  const { down, up } = orders.ratesOf(sessionId);
  return encodeBody(answerShape, { grant: encodeGrant(grant), down, up });
}
