/** rooms, join, leave, say and history: see the messages of those names. */

import { limits } from '@ferry/protocol';
import {
  type ChatMessage,
  history,
  join,
  leave,
  mute,
  type Room,
  rooms,
  say,
  unsay,
} from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { ChatMember } from '../../chat/chat-member.ts';

/** What a room or a message takes on the wire beside its texts, at most. */
const overheadBytes = 160;
/** Messages that are read at once: some are long. */
const readAtOnce = 64;

export function chatHandlers(chat: () => ChatMember) {
  return [
    handler(rooms, async (_, call) => {
      const member = chat();
      const sizeOf = ({ name }: Room): number => Buffer.byteLength(name) + overheadBytes;
      for (const page of pages(member.rooms(), sizeOf)) if (!call.part({ rooms: page })) await call.ready();
      return { generation: member.generation };
    }),
    handler(join, async (request) => {
      const member = chat();
      const { room, last, sealing } = await member.join(request);
      return { room, last, sealing, generation: member.generation };
    }),
    handler(leave, ({ room }) => {
      chat().leave(room);
      return {};
    }),
    handler(say, (request) => chat().say(request)),
    handler(unsay, (request) => chat().unsay(request)),
    handler(mute, async (request) => {
      await chat().mute(request);
      return {};
    }),
    handler(history, async ({ room, after, most }, call) => {
      const member = chat();
      let from = after ?? member.beforeNewest(room, most);
      for (let left = most; left > 0; ) {
        const messages = member.messages(room, from, Math.min(left, readAtOnce));
        for (const page of pages(messages, sizeOfMessage)) {
          if (!call.part({ messages: page })) await call.ready();
        }
        from = messages.at(-1)?.seq ?? from;
        left = messages.length < readAtOnce ? 0 : left - messages.length;
      }
      return { last: member.last(room) };
    }),
  ] as const;
}

function sizeOfMessage({ from, text, path, sealed }: ChatMessage): number {
  const said = sealed?.box.length ?? Buffer.byteLength(text ?? '');
  const pathBytes = path?.reduce((sum, name) => sum + name.length + 1, 0) ?? 0;
  return Buffer.byteLength(from) + said + pathBytes + overheadBytes;
}

/** Each below limits.pageBytes, or with one row. */
function* pages<Row>(
  rows: readonly Row[],
  sizeOf: (row: Row) => number,
): Generator<readonly Row[], void, void> {
  let page: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const more = sizeOf(row);
    if (page.length > 0 && bytes + more > limits.pageBytes) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(row);
    bytes += more;
  }
  if (page.length > 0) yield page;
}
