/**
 * The chat as the browser keeps it: rooms, what was said there, what was not read yet, and the line that is typed. Pure values and what is read
 * from them; what news do is chat-news, what keys do update-chat. UI thread.
 */

import { type Path, type Shown, trusted } from '@ferry/protocol';
import type { ChatLine, RoomRef } from '../engine/chat.ts';
import { type Field, field } from './edit-line.ts';

/** Where one is when there is no other room. */
export const lobby: RoomRef = '#lobby';

export type ChatRoom = {
  readonly ref: RoomRef;
  /** It has a passphrase. */
  readonly sealed: boolean;
  /** `known`: it is there, and one is not in it. */
  readonly phase: 'known' | 'entering' | 'in';
  /** The oldest first. */
  readonly lines: readonly ChatLine[];
  /** Of others, since one looked. */
  readonly unread: number;
  /** Among them is one that speaks to this user; told once. */
  readonly isCalled: boolean;
  /** Why one is not in it. */
  readonly error: Shown | undefined;
};

export type ChatState = {
  readonly rooms: readonly ChatRoom[];
  /** The one that is shown. */
  readonly at: RoomRef;
  readonly line: Field;
  /** Goes with the next line. */
  readonly attached: Path | undefined;
  /** Lines that were typed, the oldest first, and which one is shown again; the length of it: none. */
  readonly typed: readonly string[];
  readonly typedAt: number;
  /** Number of the line that is chosen; undefined: the view stays at the end. */
  readonly chosen: number | undefined;
  /** Why there is no chat. */
  readonly off: Shown | undefined;
};

export const emptyChat: ChatState = {
  rooms: [],
  at: lobby,
  line: field(trusted(''), ''),
  attached: undefined,
  typed: [],
  typedAt: 0,
  chosen: undefined,
  off: undefined,
};

export function roomAt({ rooms, at }: ChatState): ChatRoom | undefined {
  return rooms.find(({ ref }) => ref === at);
}

/** The room as it is after `change`, made where it is missing. */
export function withRoom(chat: ChatState, ref: RoomRef, change: (room: ChatRoom) => ChatRoom): ChatState {
  const found = chat.rooms.find((room) => room.ref === ref);
  if (found !== undefined) {
    return { ...chat, rooms: chat.rooms.map((room) => (room === found ? change(room) : room)) };
  }
  return { ...chat, rooms: [...chat.rooms, change(newRoom(ref, false))] };
}

function newRoom(ref: RoomRef, sealed: boolean): ChatRoom {
  return { ref, sealed, phase: 'known', lines: [], unread: 0, isCalled: false, error: undefined };
}

/** The name as a word of its own, whatever the case. */
export function speaksTo(text: string, user: string): boolean {
  if (user === '') return false;
  const letter = '[\\p{L}\\p{N}_]';
  const name = user.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<!${letter})${name}(?!${letter})`, 'iu').test(text);
}

/** Of all rooms that are not shown. */
export function unreadIn(chats: readonly ChatState[]): {
  readonly lines: number;
  readonly isCalled: boolean;
} {
  const rooms = chats.flatMap((chat) => chat.rooms);
  return {
    lines: rooms.reduce((sum, { unread }) => sum + unread, 0),
    isCalled: rooms.some(({ isCalled }) => isCalled),
  };
}
