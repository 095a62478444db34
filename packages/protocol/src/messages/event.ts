/**
 * event: what the server says unasked. A tuple whose first element names it; a client skips names it does not know.
 */

import { Code, FerryError } from '../errors.ts';
import { pack, unpack } from '../wire/msgpack.ts';
import { integer } from '../wire/shape.ts';

/** The server is going down in `drainMs`; what moves may finish, nothing new is begun. */
export type ServerEvent = { readonly kind: 'going-down'; readonly drainMs: number };

const goingDown = 1;
const drainMs = integer(0, 86_400_000);

export function encodeEvent(event: ServerEvent): Buffer {
  return pack([goingDown, event.drainMs]);
}

/** @returns undefined for an event that this build does not know. @throws {FerryError} MALFORMED */
export function decodeEvent(body: Buffer): ServerEvent | undefined {
  const value = unpack(body);
  if (!Array.isArray(value) || typeof value[0] !== 'number') {
    throw new FerryError(Code.MALFORMED, 'an event has no name');
  }
  if (value[0] !== goingDown) return undefined;
  return { kind: 'going-down', drainMs: drainMs.get(value[1], 'drainMs') };
}
