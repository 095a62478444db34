/** The body of an `error` frame: numeric code, a sentence for a person, and when a retry is worth it (ms, 0: no hint). */

import { type FerryError, fromWireError, toWireError, type WireError } from '../errors.ts';
import { limits } from '../limits.ts';
import { decodeBody, encodeBody } from '../wire/operation.ts';
import { integer, text, tuple } from '../wire/shape.ts';

const retryAfterMsMost = 86_400_000;

type Failure = { code: number; message: string; retryAfterMs: number };

const failure = tuple<Failure>({
  code: integer(0, 0xffff),
  message: text(limits.textBytes),
  retryAfterMs: integer(0, retryAfterMsMost),
});

export function encodeFailure(error: FerryError): Buffer {
  const [code, message, retryAfterMs] = toWireError(error);
  return encodeBody(failure, {
    code,
    // Cutting may halve a surrogate pair, and half of one has no UTF-8.
    message: message.slice(0, limits.textBytes / 4).toWellFormed(),
    retryAfterMs: Math.min(retryAfterMsMost, Math.ceil(retryAfterMs)),
  });
}

export function decodeFailure(body: Buffer): FerryError {
  const { code, message, retryAfterMs } = decodeBody(failure, body);
  const wire: WireError = [code, message, retryAfterMs];
  return fromWireError(wire);
}
