/**
 * The tickets of this server's sessions: given out here, and spent here, wherever the lane comes in. A ticket begins with the server that
 * gave it; another server where it is shown sends it there with the lane's proof, and hears whose lane it is. So no key is ever shared, each
 * ticket is spent once, by one ledger, and whoever reads the bus learns nothing that opens a lane. Worker and main threads.
 */

import { Code, FerryError } from '@ferry/protocol';
import {
  type Grant,
  openTicket,
  proofOver,
  sameSecret,
  sealTicket,
  sessionSecret,
  type TicketKeys,
} from '@ferry/protocol/session';
import { bytes, decodeBody, encodeBody, integer, optional, tuple } from '@ferry/protocol/wire';
import type { TicketLedger } from './ticket-ledger.ts';

const issuerBytes = 8;

/** What a lane shows, and the text of its connection that the proof is over. */
export type ShownTicket = {
  readonly ticket: Uint8Array;
  readonly proof: Uint8Array;
  readonly text: Uint8Array;
};

/** Whose lane it is. */
export type LaneGrant = Omit<Grant, 'serial'>;

const shownShape = tuple<ShownTicket>({ ticket: bytes(1, 1024), proof: bytes(32, 32), text: bytes(32, 32) });
const grantShape = tuple<LaneGrant>({
  sessionId: bytes(16, 16),
  device: optional(bytes(32, 32)),
  kicks: integer(),
});

export function encodeShown(shown: ShownTicket): Buffer {
  return encodeBody(shownShape, shown);
}

/** @throws {FerryError} MALFORMED */
export function decodeShown(body: Uint8Array): ShownTicket {
  return decodeBody(shownShape, Buffer.from(body));
}

export function encodeGrant(grant: LaneGrant): Buffer {
  return encodeBody(grantShape, grant);
}

/** @throws {FerryError} MALFORMED */
export function decodeGrant(body: Uint8Array): LaneGrant {
  return decodeBody(grantShape, Buffer.from(body));
}

export class LaneTickets {
  readonly #issuer: Buffer;
  readonly #keys: TicketKeys;
  readonly #ledger: TicketLedger;

  /** @param server this run of this server, 16 hex digits. @param ledger the same for all threads */
  constructor(server: string, keys: TicketKeys, ledger: TicketLedger) {
    this.#issuer = Buffer.from(server, 'hex');
    this.#keys = keys;
    this.#ledger = ledger;
  }

  /** What the lanes of a session have to know. */
  secretOf(sessionId: Uint8Array): Buffer {
    return sessionSecret(this.#keys, sessionId);
  }

  give(grant: LaneGrant): Buffer {
    const sealed = sealTicket(this.#keys, { ...grant, serial: this.#ledger.issue() }, monotonicMs());
    return Buffer.concat([this.#issuer, sealed]);
  }

  /** The server that says to have given it; undefined: this one. */
  otherIssuerOf({ ticket }: ShownTicket): string | undefined {
    const issuer = Buffer.from(ticket).subarray(0, issuerBytes);
    return issuer.length < issuerBytes || issuer.equals(this.#issuer) ? undefined : issuer.toString('hex');
  }

  /** Once. @throws {FerryError} TICKET_INVALID, TICKET_EXPIRED */
  spend({ ticket, proof, text }: ShownTicket): LaneGrant {
    const sealed = Buffer.from(ticket).subarray(issuerBytes);
    const { serial, ...grant } = openTicket(this.#keys, sealed, monotonicMs());
    const wanted = proofOver(text, this.secretOf(grant.sessionId));
    // Spent last: who only saw the ticket cannot use it up.
    if (!sameSecret(wanted, proof) || !this.#ledger.spend(serial)) throw invalidTicket();
    return grant;
  }
}

export function invalidTicket(): FerryError {
  return new FerryError(Code.TICKET_INVALID, 'the ticket is not valid');
}

/** The same on all threads, unlike performance.now, and not put back by whoever sets the time. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
