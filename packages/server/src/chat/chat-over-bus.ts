/** The bells of the chat over the bus of a server's threads: a room's number, and the two accounts of a direct one. Worker threads. */

import { Code, FerryError } from '@ferry/protocol';
import { pack, unpack } from '@ferry/protocol/wire';
import type { Bus } from '../bus/bus.ts';
import type { ChatHistory } from './chat-history.ts';
import { ChatHub, type ChatRing } from './chat-hub.ts';

export const chatSubject = 'chat';

export function chatOverBus(history: ChatHistory, bus: Bus): ChatHub {
  const hub = new ChatHub({
    history,
    ring: ({ room, pair }) => bus.publish(chatSubject, pack([room, ...(pair ?? [])])),
  });
  const { ready } = bus.subscribe(chatSubject, {
    // Its own were heard when they were rung.
    onMessage: (body, from) => {
      if (from !== bus.member) hub.heard(fromBody(body));
    },
    onGap: () => hub.resync(),
  });
  void ready.then(() => hub.resync());
  return hub;
}

/** What another server rings. @throws {FerryError} MALFORMED */
export function checkBell(body: Uint8Array): void {
  const values = unpack(Buffer.from(body));
  const isBell =
    Array.isArray(values) &&
    (values.length === 1 || values.length === 3) &&
    values.every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (!isBell) throw new FerryError(Code.MALFORMED, 'a bell of no room');
}

/** Written by another thread of this server, or checked, so anything else is a bug. */
function fromBody(body: Uint8Array): ChatRing {
  const [room, one, other] = unpack(Buffer.from(body)) as readonly number[];
  if (room === undefined) throw new Error('a bell of no room');
  return { room, pair: one === undefined || other === undefined ? undefined : [one, other] };
}
