/** What news do to the chat as the browser keeps it. Pure; UI thread. */

import { show, type WireError } from '@ferry/protocol';
import type { ChatLine, ChatNews, RoomInfo, RoomRef } from '../engine/chat.ts';
import type { Where } from '../engine/engine.ts';
import { type ChatState, emptyChat, roomAt, speaksTo, withRoom } from './chat.ts';
import type { AtWhich, Cmd } from './cmd.ts';
import { inWords, type Next } from './next.ts';
import { readUpTo, withReadUpTo } from './remembered.ts';
import { type AppState, atWhich, statusAt } from './state.ts';
import { chatTexts } from './texts.ts';

/** Lines of a room that are kept here. */
const mostLines = 500;
/** Rooms that are entered by themselves: those spoken in last. */
const mostEntered = 16;

/** The same with the chat of that server at hand. */
export function withChatOf(state: AppState, where: Where): AppState {
  const { chat, chatWhere, otherChats } = state;
  if (where === chatWhere) return state;
  const others = new Map([...otherChats, [chatWhere, chat]]);
  others.delete(where);
  return { ...state, chat: otherChats.get(where) ?? emptyChat, chatWhere: where, otherChats: others };
}

/** A step in the chat of one server, whichever one is shown. */
export function inChatOf(
  state: AppState,
  { where = state.address }: AtWhich,
  step: (now: AppState) => Next,
): Next {
  const { chatWhere, dialog } = state;
  if (where === chatWhere) return step(state);
  // The panel shows another one: nothing of this one is read by that.
  const closed = dialog?.kind === 'chat' ? { ...state, dialog: undefined } : state;
  const [next, cmds] = step(withChatOf(closed, where));
  return [{ ...withChatOf(next, chatWhere), dialog }, cmds];
}

/** What is shown is read, where the panel is there and at its end. */
export function withRead(state: AppState): AppState {
  const { chat, dialog } = state;
  const room = roomAt(chat);
  if (dialog?.kind !== 'chat' || chat.chosen !== undefined || room === undefined) return state;
  if (room.unread === 0 && !room.isCalled) return state;
  return { ...state, chat: withRoom(chat, room.ref, (one) => ({ ...one, unread: 0, isCalled: false })) };
}

/** How far the room that is shown was read is remembered, on this screen's side: another device has not read it. */
export function withReadKept(before: AppState, [state, cmds]: Next): Next {
  if (state.chat === before.chat && state.dialog === before.dialog) return [state, cmds];
  const { chat, dialog, chatWhere } = state;
  const room = roomAt(chat);
  const seq = room?.lines.findLast((line) => line.seq > 0)?.seq;
  if (dialog?.kind !== 'chat' || chat.chosen !== undefined || room === undefined || seq === undefined) {
    return [state, cmds];
  }
  const remembered = withReadUpTo(state.remembered, { server: chatWhere, ref: room.ref, seq });
  if (remembered === state.remembered) return [state, cmds];
  return [{ ...state, remembered }, [...cmds, { kind: 'remember', remembered }]];
}

/** Of what was said before one came, what was not read the last time one was here; of a direct one, what one has not answered. */
function unreadOf(
  { remembered, chatWhere }: AppState,
  ref: RoomRef,
  lines: readonly ChatLine[],
): readonly ChatLine[] {
  const answered = ref.startsWith('@')
    ? (lines.findLast(({ own }) => own)?.seq ?? 0)
    : Number.POSITIVE_INFINITY;
  const upTo = readUpTo(remembered, chatWhere, ref) ?? answered;
  return lines.filter(({ own, seq }) => !own && seq > upTo);
}

/** What the server has; the open rooms that were spoken in last are entered, the others wait to be. */
export function roomsListed(state: AppState, infos: readonly RoomInfo[]): Next {
  let chat: ChatState = { ...state.chat, off: undefined };
  const cmds: Cmd[] = [];
  const at = atWhich(state, state.chatWhere);
  let entered = chat.rooms.filter(({ phase }) => phase !== 'known').length;
  for (const { ref, sealed } of infos) {
    const known = chat.rooms.find((room) => room.ref === ref);
    if (known !== undefined && known.phase !== 'known') continue;
    // Direct ones open by themselves.
    const enters = !sealed && !ref.startsWith('@') && entered < mostEntered;
    const phase = enters ? 'entering' : 'known';
    chat = withRoom(chat, ref, (room) => ({ ...room, sealed, phase }));
    if (!enters) continue;
    entered += 1;
    cmds.push({ kind: 'chat-join', ref, passphrase: undefined, create: false, ...at });
  }
  return [{ ...state, chat }, cmds];
}

export function chatIsOff(state: AppState, error: WireError): AppState {
  return { ...state, chat: { ...state.chat, off: inWords('', error) } };
}

export function roomEntered(state: AppState, ref: RoomRef): AppState {
  const chat = withRoom(state.chat, ref, (room) => ({ ...room, phase: 'in', error: undefined }));
  return withRead({ ...state, chat });
}

export function roomNotEntered(state: AppState, ref: RoomRef, error: WireError): AppState {
  const words = inWords('', error);
  const chat = withRoom(state.chat, ref, (room) => ({ ...room, phase: 'known', error: words }));
  return { ...state, chat };
}

/** In place of what was taken away there is a word of that. */
function withoutTaken(lines: readonly ChatLine[], taken: ReadonlySet<number>): readonly ChatLine[] {
  if (taken.size === 0) return lines;
  return lines.map((line) =>
    taken.has(line.seq) && line.seq > 0 && !line.notes.includes('taken')
      ? { ...line, text: '', path: undefined, notes: [...line.notes, 'taken'] }
      : line,
  );
}

export function chatNews(state: AppState, news: ChatNews): Next {
  if (news.kind === 'out') return [roomNotEntered(state, news.ref, news.error), []];
  const { ref, sealed, past } = news;
  const lines = news.lines.filter(({ takes }) => takes === undefined);
  const taken = new Set(news.lines.flatMap(({ takes }) => takes ?? []));
  const status = statusAt(state, state.chatWhere);
  const user = status.phase === 'online' ? status.user : '';
  const isTold = ({ notes }: ChatLine): boolean => !notes.includes('taken');
  const fresh = (past ? unreadOf(state, ref, lines) : lines.filter(({ own }) => !own)).filter(isTold);
  const call = fresh.find(({ text }) => ref.startsWith('@') || speaksTo(text, user));
  const wasCalled = state.chat.rooms.find((room) => room.ref === ref)?.isCalled === true;
  const chat = withRoom(state.chat, ref, (room) => ({
    ...room,
    sealed,
    phase: 'in',
    lines: withoutTaken([...room.lines, ...lines], taken).slice(-mostLines),
    unread: room.unread + fresh.length,
    isCalled: room.isCalled || call !== undefined,
  }));
  const next = withRead({ ...state, chat });
  const isSeen = next.chat.rooms.find((room) => room.ref === ref)?.unread === 0;
  if (call === undefined || wasCalled || isSeen || past) return [next, []];
  const words = chatTexts.called(show(call.from), show(ref));
  return [next, [{ kind: 'notify', words }]];
}
