/**
 * event: what the server says unasked. A tuple whose first element names it; a client skips names it does not know.
 */

import { Code, FerryError, fromWireError } from '../errors.ts';
import { limits } from '../limits.ts';
import { pack, unpack } from '../wire/msgpack.ts';
import { integer, text } from '../wire/shape.ts';

export type ServerEvent =
  /** The server is going down in `drainMs`; what moves may finish, nothing new is begun. */
  | { readonly kind: 'going-down'; readonly drainMs: number }
  /** The owner ends this connection, and why; it is closed next. */
  | { readonly kind: 'closed'; readonly error: FerryError };

const goingDown = 1;
const closed = 2;
const drainMs = integer(0, 86_400_000);
const code = integer(1, 0xffff);
const message = text(limits.textBytes);

export function encodeEvent(event: ServerEvent): Buffer {
  switch (event.kind) {
    case 'going-down':
      return pack([goingDown, event.drainMs]);
    case 'closed':
      return pack([closed, event.error.code, event.error.message]);
  }
}

/** @returns undefined for an event that this build does not know. @throws {FerryError} MALFORMED */
export function decodeEvent(body: Buffer): ServerEvent | undefined {
  const value = unpack(body);
  if (!Array.isArray(value) || typeof value[0] !== 'number') {
    throw new FerryError(Code.MALFORMED, 'an event has no name');
  }
  switch (value[0]) {
    case goingDown:
      return { kind: 'going-down', drainMs: drainMs.get(value[1], 'drainMs') };
    case closed: {
      const words = message.get(value[2], 'message');
      return { kind: 'closed', error: fromWireError([code.get(value[1], 'code'), words, 0]) };
    }
    default:
      return undefined;
  }
}
