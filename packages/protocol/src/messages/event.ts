/**
 * event: what the server says unasked. A tuple whose first element names it; a client skips names it does not know.
 */

import { Code, FerryError, fromWireError } from '../errors.ts';
import type { FolderNews } from '../folder-news.ts';
import { limits } from '../limits.ts';
import { pack, unpack } from '../wire/msgpack.ts';
import { flag, integer, optional, text } from '../wire/shape.ts';
import { type ChatMessage, chatMessage } from './chat.ts';
import { getFolderNews, putFolderNews, watchId } from './watch.ts';

export type ServerEvent =
  /** The server is going down in `drainMs`; what moves may finish, nothing new is begun. */
  | { readonly kind: 'going-down'; readonly drainMs: number }
  /** The owner ends this connection, and why; it is closed next. */
  | { readonly kind: 'closed'; readonly error: FerryError }
  /** A folder that is watched; `id` as the client gave it. */
  | { readonly kind: 'folder'; readonly id: number; readonly news: FolderNews }
  /** Who is here, or what they show, is different from before; so many are. For those who have asked once. */
  | { readonly kind: 'presence'; readonly here: number }
  /** What the account may do is different from now on: whether it may change anything at all, and perhaps what it sees. */
  | { readonly kind: 'rights'; readonly readOnly: boolean }
  /** The owner of the server says something to whoever sits here. */
  | { readonly kind: 'notice'; readonly text: string }
  /** Something was said in a room; without the message there is more of it, up to `last`, than was told: `history` has it. */
  | {
      readonly kind: 'chat';
      readonly room: number;
      readonly last: number;
      readonly message: ChatMessage | undefined;
    };

const goingDown = 1;
const closed = 2;
const folder = 3;
const chat = 4;
const presence = 5;
const rights = 6;
const notice = 7;
const drainMs = integer(0, 86_400_000);
const code = integer(1, 0xffff);
const message = text(limits.textBytes);
const room = integer(1);
const last = integer();
const said = optional(chatMessage);

export function encodeEvent(event: ServerEvent): Buffer {
  switch (event.kind) {
    case 'going-down':
      return pack([goingDown, event.drainMs]);
    case 'closed':
      return pack([closed, event.error.code, event.error.message]);
    case 'folder':
      return pack([folder, watchId.put(event.id), ...putFolderNews(event.news)]);
    case 'presence':
      return pack([presence, event.here]);
    case 'rights':
      return pack([rights, event.readOnly]);
    case 'notice':
      return pack([notice, message.put(event.text)]);
    case 'chat':
      return pack([chat, event.room, event.last, said.put(event.message)]);
  }
}

/** @returns undefined for an event that this build does not know. @throws {FerryError} MALFORMED */
export function decodeEvent(body: Buffer): ServerEvent | undefined {
  const value = unpack(body);
  if (!Array.isArray(value) || typeof value[0] !== 'number') {
    throw new FerryError(Code.MALFORMED, 'an event has no name');
  }
  switch (value[0]) {
    case goingDown:
      return { kind: 'going-down', drainMs: drainMs.get(value[1], 'drainMs') };
    case closed: {
      const words = message.get(value[2], 'message');
      return { kind: 'closed', error: fromWireError([code.get(value[1], 'code'), words, 0]) };
    }
    case folder:
      return { kind: 'folder', id: watchId.get(value[1], 'id'), news: getFolderNews(value.slice(2)) };
    case presence:
      return { kind: 'presence', here: last.get(value[1], 'here') };
    case rights:
      return { kind: 'rights', readOnly: flag.get(value[1], 'readOnly') };
    case notice:
      return { kind: 'notice', text: message.get(value[1], 'text') };
    case chat:
      return {
        kind: 'chat',
        room: room.get(value[1], 'room'),
        last: last.get(value[2], 'last'),
        message: said.get(value[3], 'message'),
      };
    default:
      return undefined;
  }
}
