/**
 * Tickets: what lets a lane act for a session on any thread or machine without that thread knowing the session. Made and
 * checked by servers only; to a client a ticket is opaque bytes. Pure but for randomness; I/O threads.
 *
 * A ticket is msgpack of its fields followed by HMAC-SHA256 over them. It is worth nothing without the session's secret,
 * which the lane proves to know for its own TLS connection (proof.ts); the secret is derived, so no table is looked up.
 */

import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { decodeBody, encodeBody } from '../wire/operation.ts';
import { bytes, integer, optional, tuple } from '../wire/shape.ts';
import { sameSecret } from './proof.ts';

const tagBytes = 32;
const sessionIdBytes = 16;

/** Keys that all threads of a server share; made at its start. */
export type TicketKeys = { readonly ticket: Uint8Array; readonly session: Uint8Array };

/** Whose lane it will be. What they may do then is looked up when it is opened. */
export type Grant = {
  readonly sessionId: Uint8Array;
  /** The key of the session's device; undefined for those who came in because the door is open. */
  readonly device: Uint8Array | undefined;
  /** How often the user's connections had been closed by the owner when the session began. */
  readonly kicks: number;
  /** Tells tickets of a server apart, so that each is used once. */
  readonly serial: number;
};

type Sealed = Grant & { readonly issuedMs: number; readonly expiresMs: number };

const sealed = tuple<Sealed>({
  sessionId: bytes(sessionIdBytes, sessionIdBytes),
  device: optional(bytes(32, 32)),
  kicks: integer(),
  serial: integer(),
  issuedMs: integer(),
  expiresMs: integer(),
});

export function makeTicketKeys(master: Uint8Array = randomBytes(32)): TicketKeys {
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', master, '', purpose, 32));
  return { ticket: derive('ferry ticket 1'), session: derive('ferry session 1') };
}

export function newSessionId(): Buffer {
  return randomBytes(sessionIdBytes);
}

/** The secret of a session, the same on every thread. */
export function sessionSecret(keys: TicketKeys, sessionId: Uint8Array): Buffer {
  return createHmac('sha256', keys.session).update(sessionId).digest();
}

/** @param nowMs by a clock that nobody puts back, the same on all threads: else a ticket would be good for as long as that */
export function sealTicket(keys: TicketKeys, grant: Grant, nowMs: number): Buffer {
  const body = encodeBody(sealed, {
    ...grant,
    issuedMs: nowMs,
    expiresMs: nowMs + limits.ticketMs,
  });
  return Buffer.concat([body, createHmac('sha256', keys.ticket).update(body).digest()]);
}

/**
 * Checks cheap refusals first: length, authenticity, expiry.
 * @throws {FerryError} TICKET_INVALID, TICKET_EXPIRED
 */
export function openTicket(keys: TicketKeys, ticket: Buffer, nowMs: number): Grant {
  if (ticket.length <= tagBytes) throw new FerryError(Code.TICKET_INVALID, 'the ticket is not valid');
  const body = ticket.subarray(0, -tagBytes);
  const tag = createHmac('sha256', keys.ticket).update(body).digest();
  if (!sameSecret(tag, ticket.subarray(-tagBytes))) {
    throw new FerryError(Code.TICKET_INVALID, 'the ticket is not valid');
  }
  const { sessionId, device, kicks, serial, issuedMs, expiresMs } = decodeBody(sealed, body);
  if (nowMs > expiresMs || nowMs < issuedMs - limits.ticketMs) {
    throw new FerryError(Code.TICKET_EXPIRED, 'the ticket has expired');
  }
  return { sessionId, device, kicks, serial };
}
