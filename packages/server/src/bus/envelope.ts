/** What servers say to one another on the wire, as bytes and back. What comes is checked like anything from the network. Pure; main thread. */

import { Code, FerryError, limits } from '@ferry/protocol';
import {
  array,
  bytes,
  integer,
  oneOf,
  optional,
  pack,
  type Shape,
  text,
  tuple,
  unpack,
} from '@ferry/protocol/wire';

/** Of another version nothing is understood. */
const version = 1;
const memberBytes = 64;
/** What a server tells of itself with each beat. */
export const aboutBytes = 2048;
export const callBytes = 64 * 1024;

const What = { beat: 0, message: 1, gap: 2, gone: 3, bye: 4, ask: 5, answer: 6 } as const;

/** `seq` counts what a server has said to all: where one is missing, something was lost. A beat has that of what was said last. */
export type ToAll =
  | {
      readonly what: 'beat';
      readonly seq: number;
      readonly members: readonly string[];
      readonly about: Uint8Array;
    }
  | {
      readonly what: 'message';
      readonly seq: number;
      readonly member: string;
      readonly subject: string;
      readonly body: Uint8Array;
    }
  /** Messages of these subjects were lost over there; undefined: of any. */
  | { readonly what: 'gap'; readonly seq: number; readonly subjects: readonly string[] | undefined }
  /** A thread has ended. */
  | { readonly what: 'gone'; readonly seq: number; readonly member: string }
  /** The server leaves. */
  | { readonly what: 'bye'; readonly seq: number };

/** Before it is sent. */
export type Unnumbered = ToAll extends infer Each ? (Each extends ToAll ? Omit<Each, 'seq'> : never) : never;

export type ToOne =
  | { readonly what: 'ask'; readonly id: number; readonly verb: string; readonly body: Uint8Array }
  /** `code` 0: done; else why not. */
  | {
      readonly what: 'answer';
      readonly id: number;
      readonly code: number;
      readonly words: string;
      readonly body: Uint8Array;
    };

type Said = ToAll | ToOne;

/** A name that follows a form. */
function named(form: RegExp, maxBytes: number): Shape<string> {
  const plain = text(maxBytes);
  return {
    put: plain.put,
    get: (value, field) => {
      const found = plain.get(value, field);
      if (!form.test(found)) throw new FerryError(Code.MALFORMED, `field ${field} is no name`);
      return found;
    },
  };
}

const names = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const member = named(names, memberBytes);
const subject = named(names, limits.busSubjectBytes);
const seq = integer();
const id = integer(1);
const head = tuple({ version: oneOf(version), what: integer() });

const shapes = {
  beat: tuple({ seq, members: array(member, limits.busMembers), about: bytes(0, aboutBytes) }),
  message: tuple({ seq, member, subject, body: bytes(0, limits.busMessageBytes) }),
  gap: tuple({ seq, subjects: optional(array(subject, 1024)) }),
  gone: tuple({ seq, member }),
  bye: tuple({ seq }),
  ask: tuple({ id, verb: named(names, 64), body: bytes(0, callBytes) }),
  answer: tuple({ id, code: integer(0, 0xffff), words: text(1024), body: bytes(0, callBytes) }),
} as const;

export function encodeSaid(said: Said): Buffer {
  const shape = shapes[said.what] as unknown as Shape<Said>;
  const fields = shape.put(said);
  return pack([version, What[said.what], ...(Array.isArray(fields) ? fields : [])]);
}

/** @throws {FerryError} MALFORMED */
export function decodeToAll(payload: Uint8Array): ToAll {
  const said = decode(payload);
  if (said.what === 'ask' || said.what === 'answer') throw senseless();
  return said;
}

/** @throws {FerryError} MALFORMED */
export function decodeToOne(payload: Uint8Array): ToOne {
  const said = decode(payload);
  if (said.what !== 'ask' && said.what !== 'answer') throw senseless();
  return said;
}

const kinds: ReadonlyMap<number, Said['what']> = new Map(
  Object.entries(What).map(([what, kind]) => [kind, what as Said['what']]),
);

function decode(payload: Uint8Array): Said {
  const values = unpack(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
  if (!Array.isArray(values)) throw senseless();
  const what = kinds.get(head.get(values, 'head').what);
  if (what === undefined) throw senseless();
  return { what, ...shapes[what].get(values.slice(2), what) } as Said;
}

function senseless(): FerryError {
  return new FerryError(Code.MALFORMED, 'a message between servers is not valid');
}
