/** Everything that changes what was said, as operations: see replica/declared.ts. Any thread. */

import { limits } from '@ferry/protocol';
import { type Join, join, type Say, say } from '@ferry/protocol/messages';
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
type SaidAnswer = { readonly seq: number; readonly ms: number; readonly isNew: boolean };

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
    tuple<SaidAnswer>({ seq: integer(), ms: integer(), isNew: flag }),
    (history: ChatHistory, { who: from, say: { room, id, ...said }, nowMs: atMs }) =>
      history.say(room, from, id, said, atMs),
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
