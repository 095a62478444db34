/** Keys in the panel of the chat. Pure; UI thread. */

import { checkRoomName, isChatText, type Path, parentPath, show, showName } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import type { Action } from '../keymap/keymap.ts';
import { type ChatState, emptyChat, lobby, roomAt, withRoom } from './chat.ts';
import { withChatOf, withRead } from './chat-news.ts';
import type { AtWhich } from './cmd.ts';
import type { Dialog } from './dialog.ts';
import { edited, field, typedInto } from './edit-line.ts';
import { goAlone, moveTo, type Next, withPane } from './next.ts';
import { entryAtCursor } from './pane.ts';
import { type AppState, activeSide, atWhich, otherSide, serverAhead } from './state.ts';
import { steppedBelowLine } from './step.ts';
import { chatTexts, prompts } from './texts.ts';
import { askMute, askUnsay } from './update-moderation.ts';

export type ChatAction =
  | 'chat'
  | 'next-room'
  | 'previous-room'
  | 'earlier-line'
  | 'later-line'
  | 'attach'
  | 'enter-room'
  | 'leave-room'
  | 'unsay'
  | 'mute';

/** Lines typed before that come back. */
const mostTyped = 50;

/** Of the server ahead. */
export function openChat(state: AppState): Next {
  return showChat(withChatOf(state, serverAhead(state)));
}

export function showChat(state: AppState): Next {
  const { chat } = state;
  const at = here(state);
  if (chat.off !== undefined) {
    return [{ ...state, notice: { text: chat.off, isError: true } }, [{ kind: 'chat-rooms', ...at }]];
  }
  const called = chat.rooms.find(({ isCalled }) => isCalled) ?? chat.rooms.find(({ unread }) => unread > 0);
  const room = called?.ref ?? (roomAt(chat) === undefined ? (chat.rooms[0]?.ref ?? lobby) : chat.at);
  const opened = withRead({
    ...state,
    dialog: { kind: 'chat' },
    chat: { ...chat, at: room, chosen: undefined, attached: undefined },
  });
  // Somebody may have made another one meanwhile.
  const look = { kind: 'chat-rooms', ...at } as const;
  if (chat.rooms.some(({ ref }) => ref === room)) return [opened, [look]];
  const [next, cmds] = entering(opened, room, undefined);
  return [next, [...cmds, look]];
}

export function typedInChat(state: AppState, text: string): AppState {
  const { chat } = state;
  // What is pasted is one line, whatever it was.
  const line = typedInto(chat.line, text.replaceAll(/\s/gu, ' '));
  return withRead({ ...state, chat: { ...chat, line, chosen: undefined } });
}

export function actInChat(state: AppState, action: Action): Next {
  const { chat } = state;
  const withChat = (change: Partial<ChatState>): Next => [
    withRead({ ...state, chat: { ...chat, ...change } }),
    [],
  ];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'accept':
      return accepted(state);
    case 'next-room':
    case 'previous-room':
      return withChat({ at: roomBeside(chat, action === 'next-room' ? 1 : -1), chosen: undefined });
    case 'up':
    case 'down':
    case 'page-up':
    case 'page-down':
      return withChat({ chosen: stepped(chat, action) });
    case 'earlier-line':
    case 'later-line': {
      const at = Math.max(
        0,
        Math.min(chat.typed.length, chat.typedAt + (action === 'earlier-line' ? -1 : 1)),
      );
      return withChat({ typedAt: at, line: field(chat.line.label, chat.typed[at] ?? '') });
    }
    case 'attach':
      return attached(state);
    case 'unsay':
      return askUnsay(state);
    case 'mute':
      return askMute(state);
    case 'erase-forward':
      // With nothing typed there is nothing else to erase.
      return chat.chosen !== undefined && chat.line.text === ''
        ? askUnsay(state)
        : withChat({ line: edited(chat.line, action) });
    case 'enter-room':
      return [{ ...state, dialog: roomPrompt('') }, []];
    case 'leave-room': {
      const rooms = chat.rooms.filter(({ ref }) => ref !== chat.at);
      const left = { ...chat, rooms, at: rooms[0]?.ref ?? lobby, chosen: undefined };
      return [withRead({ ...state, chat: left }), [{ kind: 'chat-leave', ref: chat.at, ...here(state) }]];
    }
    default:
      return withChat({ line: edited(chat.line, action) });
  }
}

/** Behind the last line there is the end, where new lines come into sight. */
function stepped(chat: ChatState, action: Action): number | undefined {
  const lines = roomAt(chat)?.lines.length ?? 0;
  const from = chat.chosen ?? lines;
  const at = Math.max(0, steppedBelowLine(action, from) ?? from);
  return at >= lines ? undefined : at;
}

function roomBeside({ rooms, at }: ChatState, by: number): string {
  const here = rooms.findIndex(({ ref }) => ref === at);
  return rooms[(here + by + rooms.length) % rooms.length]?.ref ?? at;
}

/** Says the line; without one goes to the path of the chosen line, or into the room. */
function accepted(state: AppState): Next {
  const { chat } = state;
  const room = roomAt(chat);
  const text = chat.line.text.trim();
  if (room === undefined || room.phase === 'known') {
    return room?.sealed === true
      ? [{ ...state, dialog: roomPrompt(room.ref) }, []]
      : entering(state, chat.at, undefined);
  }
  const path = chat.chosen === undefined ? undefined : room.lines[chat.chosen]?.path;
  if (text === '' && chat.attached === undefined)
    return path === undefined ? [state, []] : jumped(state, path);
  const said = text === '' ? nameOf(chat.attached) : text;
  if (!isChatText(said)) return [{ ...state, notice: { text: chatTexts.tooLong, isError: true } }, []];
  const typed =
    text === '' ? chat.typed : [...chat.typed.filter((one) => one !== text), text].slice(-mostTyped);
  const next = {
    ...chat,
    line: emptyChat.line,
    attached: undefined,
    chosen: undefined,
    typed,
    typedAt: typed.length,
  };
  return [
    withRead({ ...state, chat: next }),
    [{ kind: 'chat-say', ref: room.ref, text: said, path: chat.attached, ...here(state) }],
  ];
}

/** A path is something to say by itself. */
function nameOf(path: Path | undefined): string {
  return showName(path?.at(-1) ?? '/').slice(0, 255);
}

/** The chat that is shown is that of this server. */
function here(state: AppState): AtWhich {
  return atWhich(state, state.chatWhere);
}

/** The side that shows the server one talks on; undefined: neither. */
function sideThere(state: AppState): Side | undefined {
  const side = activeSide(state);
  return [side, otherSide(side)].find((one) => state[one].where === state.chatWhere);
}

/** Its server's pane shows its folder, with the cursor on it. */
function jumped(state: AppState, path: Path): Next {
  const side = sideThere(state) ?? 'remote';
  const closed: AppState = { ...state, dialog: undefined, viewer: undefined, focus: side };
  const name = path.at(-1);
  const folder = name === undefined ? path : parentPath(path);
  const isThere = closed[side].where === state.chatWhere;
  const [next, cmds] = isThere
    ? goAlone(closed, side, folder)
    : moveTo(closed, side, state.chatWhere, folder);
  return name === undefined ? [next, cmds] : [withPane(next, { ...next[side], seek: name }), cmds];
}

/** What is under the cursor of the server's pane, or nothing any more. */
function attached(state: AppState): Next {
  const { chat } = state;
  const side = sideThere(state);
  if (side === undefined) return [{ ...state, notice: { text: chatTexts.notShown, isError: true } }, []];
  const pane = state[side];
  const entry = entryAtCursor(pane);
  const path = entry === undefined ? pane.path : entryPath(pane.path, entry.name);
  const next = chat.attached === undefined ? path : undefined;
  return [{ ...state, chat: { ...chat, attached: next } }, []];
}

function roomPrompt(ref: string): Dialog {
  const fields = [
    field(prompts.room, ref.replace(/^#/, '')),
    { ...field(prompts.passphrase, ''), secret: true } as const,
  ];
  return {
    kind: 'prompt',
    title: prompts.enterRoom,
    fields,
    field: ref === '' ? 0 : 1,
    prompted: { about: 'room' },
    error: undefined,
  };
}

/** @throws {FerryError} NAME_INVALID, NAME_TOO_LONG: what is wrong with the name */
export function roomNamed(text: string): string {
  const name = text.trim();
  return name.startsWith('@') && name.length > 1 ? name : `#${checkRoomName(name.replace(/^#/, ''))}`;
}

export function entering(state: AppState, ref: string, passphrase: string | undefined): Next {
  const sealed = passphrase !== undefined;
  const chat = withRoom({ ...state.chat, at: ref, chosen: undefined }, ref, (room) => ({
    ...room,
    sealed: sealed || room.sealed,
    phase: 'entering',
    error: undefined,
  }));
  return [
    { ...state, chat, dialog: { kind: 'chat' } },
    [{ kind: 'chat-join', ref, passphrase, create: true, ...here(state) }],
  ];
}

/** What could not be said comes back, where nothing else was typed meanwhile. */
export function notSaid(state: AppState, ref: string, text: string, why: string): AppState {
  const { chat } = state;
  const isFree = chat.at === ref && chat.line.text === '';
  const line = isFree ? field(chat.line.label, text) : chat.line;
  return { ...state, chat: { ...chat, line }, notice: { text: chatTexts.notSaid(show(why)), isError: true } };
}
