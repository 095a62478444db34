/**
 * The chat. `rooms` lists what there is, `join` enters a room, `leave` leaves it, `say` says something there and `history` gives
 * what was said. Who has joined hears of every later message by an event (event.ts).
 *
 * A message has a number in its room, given by one place for all, and names the number before it: who has another one last has
 * missed something and asks for the history. What a sealed room's messages say only its members can read; seal.ts of the client.
 */

import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { checkRoomName, isChatText } from '../room-name.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import {
  array,
  bytes,
  flag,
  integer,
  oneOf,
  optional,
  path,
  type Shape,
  text,
  tuple,
} from '../wire/shape.ts';

/** `open`: everybody of the share; `sealed`: whoever has the passphrase can read it; `direct`: two accounts. */
export const RoomKind = { open: 0, sealed: 1, direct: 2 } as const;
export type RoomKind = (typeof RoomKind)[keyof typeof RoomKind];

/** What the key of a sealed room is made with, and what it is recognised by. */
export type Sealing = { readonly salt: Uint8Array; readonly check: Uint8Array };

export const messageIdBytes = 16;
export const sealBytes = 16;

export type Room = {
  /** Its number, never used again. */
  readonly room: number;
  readonly kind: RoomKind;
  /** Of a direct one the other's account: foreign text. */
  readonly name: string;
  /** Number of its last message; 0 before the first. */
  readonly last: number;
  /** When that was, milliseconds since 1970; before the first: when the room was made. */
  readonly lastMs: number;
  readonly sealing: Sealing | undefined;
};

/** What a member of a sealed room has sealed. All but `box` is authenticated with it, not hidden. */
export type Sealed = {
  /** Random, of the sender's time in the room: who leaves and comes back has another. */
  readonly session: Uint8Array;
  /** How many messages this session has sealed before. */
  readonly counter: number;
  /** On the sender's clock, milliseconds since 1970. */
  readonly sentMs: number;
  readonly box: Uint8Array;
};

/** What is said: a text, with a path perhaps, or the two sealed. */
export type Said =
  | { readonly text: string; readonly path: Path | undefined; readonly sealed: undefined }
  | { readonly text: undefined; readonly path: undefined; readonly sealed: Sealed };

/** Nothing is said by it: it takes another one away (`takes`), or was taken away itself. */
export type Unsaid = { readonly text: undefined; readonly path: undefined; readonly sealed: undefined };

export type ChatMessage = (Said | Unsaid) & {
  readonly seq: number;
  /** The message before it in this room, whether or not it is still kept; 0: there was none. */
  readonly after: number;
  /** When the server took it, milliseconds since 1970. */
  readonly ms: number;
  /** The sender's account, as the server says: foreign text. */
  readonly from: string;
  /** Chosen by the sender. */
  readonly id: Uint8Array;
  /** Number of a message that is taken away by this one, in whose place there is nothing from now on. */
  readonly takes: number | undefined;
};

const room = integer(1);
const seq = integer();
const id = bytes(messageIdBytes, messageIdBytes);
const kind = oneOf(RoomKind.open, RoomKind.sealed, RoomKind.direct);
const sealing = tuple<Sealing>({ salt: bytes(sealBytes, sealBytes), check: bytes(sealBytes, sealBytes) });
const generation = id;

/** @throws also NAME_INVALID and NAME_TOO_LONG */
function joinShape(): Shape<Join> {
  const shape = tuple<Join>({ kind, name: text(), create: flag, sealing: optional(sealing) });
  return {
    put: shape.put,
    get: (value, field) => {
      const got = shape.get(value, field);
      // An account may be called as it likes.
      if (got.kind !== RoomKind.direct && checkRoomName(got.name) !== got.name)
        throw new FerryError(Code.NAME_INVALID, 'the name of a room is not in its one form');
      if (got.kind !== RoomKind.sealed && got.sealing !== undefined)
        throw new FerryError(Code.MALFORMED, `field ${field} seals a room that is not sealed`);
      return got;
    },
  };
}

const chatText: Shape<string> = {
  put: (value) => value,
  get: (value, field) => {
    if (typeof value === 'string' && isChatText(value)) return value;
    throw new FerryError(Code.MALFORMED, `field ${field} is not one line of text`);
  },
};

const saidShapes = {
  text: optional(chatText),
  path: optional(path),
  sealed: optional(
    tuple<Sealed>({
      session: bytes(sealBytes, sealBytes),
      counter: integer(),
      sentMs: integer(),
      box: bytes(sealBytes + 1, limits.chatBoxBytes),
    }),
  ),
};

/** Either a text or something sealed. */
function either<T extends { text: string | undefined; path: Path | undefined; sealed: Sealed | undefined }>(
  shape: Shape<T>,
): Shape<Omit<T, 'text' | 'path' | 'sealed'> & Said> {
  return {
    put: (value) => shape.put(value as unknown as T),
    get: (value, field) => {
      const got = shape.get(value, field);
      if (
        (got.text === undefined) === (got.sealed === undefined) ||
        (got.sealed !== undefined && got.path !== undefined)
      )
        throw new FerryError(Code.MALFORMED, `field ${field} is neither a text nor sealed`);
      return got as unknown as Omit<T, 'text' | 'path' | 'sealed'> & Said;
    },
  };
}

export function isUnsaid({ text: words, sealed }: ChatMessage): boolean {
  return words === undefined && sealed === undefined;
}

type Told = Pick<ChatMessage, 'seq' | 'after' | 'ms' | 'from' | 'id' | 'takes'> & {
  text: string | undefined;
  path: Path | undefined;
  sealed: Sealed | undefined;
};

const told = tuple<Told>({
  seq: integer(1),
  after: seq,
  ms: integer(),
  from: text(),
  id,
  ...saidShapes,
  takes: optional(integer(1)),
});

export const chatMessage: Shape<ChatMessage> = {
  put: (value) => told.put(value as unknown as Told),
  get: (value, field) => {
    const got = told.get(value, field);
    const forms = [got.text, got.sealed, got.takes].filter((form) => form !== undefined).length;
    if (forms > 1 || (got.path !== undefined && got.text === undefined))
      throw new FerryError(Code.MALFORMED, `field ${field} is more than one message`);
    return got as unknown as ChatMessage;
  },
};

/** Those of this account's share, and this account's direct ones. From now on the session hears of new direct messages too. */
export const rooms = operation<Record<never, never>, { generation: Uint8Array }, { rooms: readonly Room[] }>({
  kind: Kind.rooms,
  request: tuple({}),
  part: tuple({
    rooms: array(
      tuple<Room>({ room, kind, name: text(), last: seq, lastMs: integer(), sealing: optional(sealing) }),
      limits.chatRooms,
    ),
  }),
  reply: tuple({ generation }),
});

export type Join = {
  readonly kind: RoomKind;
  /** Of a direct one: the other's account. */
  readonly name: string;
  /** Makes the room where there is none. */
  readonly create: boolean;
  /** What a sealed room is made with; of one that is there already its own holds. */
  readonly sealing: Sealing | undefined;
};

export type Joined = {
  readonly room: number;
  readonly last: number;
  readonly sealing: Sealing | undefined;
  /** Another one than before: the history was lost, and its numbers begin anew. */
  readonly generation: Uint8Array;
};

/** CONFLICT when the room is there, but of the other kind; NOT_FOUND without it; LIMIT. Joining twice is joining. */
export const join = operation<Join, Joined>({
  kind: Kind.join,
  request: joinShape(),
  reply: tuple({ room, last: seq, sealing: optional(sealing), generation }),
});

/** Of a room that was not joined it does nothing. */
export const leave = operation<{ room: number }>({ kind: Kind.leave, request: tuple({ room }) });

export type Say = Said & { readonly room: number; readonly id: Uint8Array };

/**
 * Taken once, however often it is sent: with an id that this sender has used in the room the reply is the first one's.
 * LIMIT when it was too much too quickly, with when to try again; MALFORMED of the wrong kind for the room.
 */
export const say = operation<Say, { seq: number; ms: number }>({
  kind: Kind.say,
  request: either(
    tuple<
      Pick<Say, 'room' | 'id'> & {
        text: string | undefined;
        path: Path | undefined;
        sealed: Sealed | undefined;
      }
    >({ room, id, ...saidShapes }),
  ),
  reply: tuple({ seq, ms: integer() }),
});

export type Unsay = { readonly room: number; readonly seq: number; readonly id: Uint8Array };

/**
 * Takes a message away, for everybody: the sender's own, or anybody's where the account is an owner of the server. That is a message
 * in turn, known by its id as others are. FORBIDDEN; NOT_FOUND when it is not kept any more.
 */
export const unsay = operation<Unsay, { seq: number; ms: number }>({
  kind: Kind.unsay,
  request: tuple<Unsay>({ room, seq: integer(1), id }),
  reply: tuple({ seq, ms: integer() }),
});

export type Mute = {
  readonly name: string;
  /** For so long, milliseconds; 0: no more; undefined: until somebody says otherwise. */
  readonly ms: number | undefined;
};

/** The account of that name says nothing in this chat. For owners of the server. FORBIDDEN, NOT_FOUND. */
export const mute = operation<Mute>({
  kind: Kind.mute,
  request: tuple<Mute>({ name: text(), ms: optional(integer()) }),
});

export type History = {
  readonly room: number;
  /** Those with greater numbers, the oldest first; undefined: the newest. */
  readonly after: number | undefined;
  readonly most: number;
};

/** In order. `last` is the room's last number by then: who has got less asks again. */
export const history = operation<History, { last: number }, { messages: readonly ChatMessage[] }>({
  kind: Kind.history,
  request: tuple({ room, after: optional(seq), most: integer(1, limits.chatHistory) }),
  part: tuple({ messages: array(chatMessage, limits.chatHistory) }),
  reply: tuple({ last: seq }),
});
