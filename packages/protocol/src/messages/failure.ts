/** The body of an `error` frame: numeric code, a sentence for a person, and when a retry is worth it (ms, 0: no hint). */

import { type FerryError, fromWireError, toWireError, type WireError } from '../errors.ts';
import { limits } from '../limits.ts';
import { decodeBody, encodeBody } from '../wire/operation.ts';
import { integer, text, tuple } from '../wire/shape.ts';

type Failure = { code: number; message: string; retryAfterMs: number };

const failure = tuple<Failure>({
  code: integer(0, 0xffff),
  message: text(limits.textBytes),
  retryAfterMs: integer(0, 86_400_000),
});

export function encodeFailure(error: FerryError): Buffer {
  const [code, message, retryAfterMs] = toWireError(error);
  return encodeBody(failure, { code, message: message.slice(0, limits.textBytes / 4), retryAfterMs });
}

export function decodeFailure(body: Buffer): FerryError {
  const { code, message, retryAfterMs } = decodeBody(failure, body);
  const wire: WireError = [code, message, retryAfterMs];
  return fromWireError(wire);
}
