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
import type { Path } from '../path.ts';
import { decodeBody, encodeBody } from '../wire/operation.ts';
import { bytes, flag, integer, path, text, tuple } from '../wire/shape.ts';
import { sameSecret } from './proof.ts';

const tagBytes = 32;
const sessionIdBytes = 16;

/** Keys that all threads of a server share; made at its start. */
export type TicketKeys = { readonly ticket: Uint8Array; readonly session: Uint8Array };

/** What a lane may do: its session's rights when the ticket was made. */
export type Grant = {
  readonly sessionId: Uint8Array;
  readonly user: string;
  readonly readOnly: boolean;
  /** The folder below the share's root that the account sees as its root. */
  readonly root: Path;
};

type Sealed = Grant & { readonly issuedMs: number; readonly expiresMs: number; readonly nonce: Uint8Array };

const sealed = tuple<Sealed>({
  sessionId: bytes(sessionIdBytes, sessionIdBytes),
  user: text(256),
  readOnly: flag,
  root: path,
  issuedMs: integer(),
  expiresMs: integer(),
  nonce: bytes(16, 16),
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

export function sealTicket(keys: TicketKeys, grant: Grant, nowMs: number): Buffer {
  const body = encodeBody(sealed, {
    ...grant,
    issuedMs: nowMs,
    expiresMs: nowMs + limits.ticketMs,
    nonce: randomBytes(16),
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
  const { sessionId, user, readOnly, root, expiresMs } = decodeBody(sealed, body);
  if (nowMs > expiresMs) throw new FerryError(Code.TICKET_EXPIRED, 'the ticket has expired');
  return { sessionId, user, readOnly, root };
}
