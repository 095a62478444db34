/**
 * An operation: what a request carries, what may come back in parts, and the final reply. Each is declared once, in
 * messages/, and both ends' channels are driven by the declaration. Pure.
 */

import { frameHeaderBytes } from './frame.ts';
import type { Kind } from './kinds.ts';
import { pack, packBehind, unpack } from './msgpack.ts';
import { type Nothing, nothing, type Shape } from './shape.ts';

export type Operation<Request, Part, Reply> = {
  readonly kind: Kind;
  readonly request: Shape<Request>;
  readonly part: Shape<Part>;
  readonly reply: Shape<Reply>;
  /** Requests and parts have bytes in place: who decodes one keeps its body as long as these. */
  readonly keeps: boolean;
};

export function operation<Request, Reply = Nothing, Part = Nothing>(declared: {
  kind: Kind;
  request: Shape<Request>;
  reply?: Shape<Reply>;
  part?: Shape<Part>;
  keeps?: boolean;
}): Operation<Request, Part, Reply> {
  return {
    kind: declared.kind,
    request: declared.request,
    reply: declared.reply ?? (nothing as unknown as Shape<Reply>),
    part: declared.part ?? (nothing as unknown as Shape<Part>),
    keeps: declared.keeps ?? false,
  };
}

export function encodeBody<T>(shape: Shape<T>, value: T): Buffer {
  return pack(shape.put(value));
}

/** As {@link encodeBody}, with room for the frame's header in front: what is large need not be copied once more. */
export function encodeFramed<T>(shape: Shape<T>, value: T): Buffer {
  return packBehind(frameHeaderBytes, shape.put(value));
}

/** @throws {FerryError} MALFORMED or a NAME_… code */
export function decodeBody<T>(shape: Shape<T>, body: Buffer): T {
  return shape.get(unpack(body), 'message');
}
