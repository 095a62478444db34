/** Everything that changes what was said, as operations: see replica/declared.ts. Any thread. */

import { limits } from '@ferry/protocol';
import { type Join, join, type Say, say, type Unsay, unsay } from '@ferry/protocol/messages';
import { bytes, flag, integer, type Nothing, nothing, optional, text, tuple } from '@ferry/protocol/wire';
import { type Changes, type Declared, declare } from '../replica/declared.ts';
import { EncodedChanges } from '../replica/encoded-changes.ts';
import { LocalChanges } from '../replica/local-changes.ts';
import type { ChatHistory, Chatter, Partner } from './chat-history.ts';

type At = { readonly nowMs: number };
const nowMs = integer();
const name = text(limits.textBytes);

const who = tuple<Chatter>({
  key: name,
  account: optional(integer()),
  name,
  scope: bytes(0, limits.controlFrameBytes),
});

type RoomOrder = At & { readonly who: Chatter; readonly wanted: Join; readonly partner: Partner | undefined };
type SayOrder = At & { readonly who: Chatter; readonly say: Say };
type UnsayOrder = At & { readonly who: Chatter; readonly unsay: Unsay; readonly anybodys: boolean };
type MuteOrder = At & {
  readonly scope: Uint8Array;
  /** As Chatter.key. */
  readonly key: string;
  /** As in Mute. */
  readonly ms: number | undefined;
};
type SaidAnswer = { readonly seq: number; readonly ms: number; readonly isNew: boolean };

const answer = tuple<SaidAnswer>({ seq: integer(), ms: integer(), isNew: flag });

const tidied: Declared<ChatHistory, At, Nothing> = declare(
  tuple<At>({ nowMs }),
  nothing,
  (history, order) => {
    history.tidy(order.nowMs);
    return {};
  },
);

export const chatOperations = {
  /** The room is there: its number. */
  room: declare(
    tuple<RoomOrder>({
      who,
      wanted: join.request,
      partner: optional(tuple<Partner>({ account: integer(), name })),
      nowMs,
    }),
    integer(),
    (history: ChatHistory, order) => history.room(order.who, order.wanted, order.partner, order.nowMs).room,
  ),
  say: declare(
    tuple<SayOrder>({ who, say: say.request, nowMs }),
    answer,
    (history: ChatHistory, { who: from, say: { room, id, ...said }, nowMs: atMs }) =>
      history.say(room, from, id, said, atMs),
  ),
  unsay: declare(
    tuple<UnsayOrder>({ who, unsay: unsay.request, anybodys: flag, nowMs }),
    answer,
    (history: ChatHistory, { who: from, unsay: wanted, anybodys, nowMs: atMs }) =>
      history.unsay(wanted, from, anybodys, atMs),
  ),
  mute: declare(
    tuple<MuteOrder>({
      scope: bytes(0, limits.controlFrameBytes),
      key: name,
      ms: optional(integer()),
      nowMs,
    }),
    nothing,
    (history: ChatHistory, { scope, key, ms, nowMs: atMs }) => {
      history.mute(scope, key, ms, atMs);
      return {};
    },
  ),
  tidy: tidied,
} as const;

export type ChatOperations = typeof chatOperations;
export type ChatChanges = Changes<ChatOperations>;

/** Of a server alone. */
export function localChat(history: () => ChatHistory): ChatChanges {
  return new LocalChanges<ChatHistory, ChatOperations>(chatOperations, history);
}

/** Of several servers: whoever keeps the log is asked. */
export function sharedChat(change: (order: Buffer) => Promise<Buffer>): ChatChanges {
  return new EncodedChanges<ChatHistory, ChatOperations>(chatOperations, change);
}
