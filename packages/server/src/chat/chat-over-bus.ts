/** The bells of the chat over the bus of a server's threads: a room's number, and the two accounts of a direct one. Worker threads. */

import { pack, unpack } from '@ferry/protocol/wire';
import type { Bus } from '../bus/bus.ts';
import type { ChatHistory } from './chat-history.ts';
import { ChatHub, type ChatRing } from './chat-hub.ts';

const subject = 'chat';

export function chatOverBus(history: ChatHistory, bus: Bus): ChatHub {
  const hub = new ChatHub({
    history,
    ring: ({ room, pair }) => bus.publish(subject, pack([room, ...(pair ?? [])])),
  });
  const { ready } = bus.subscribe(subject, {
    // Its own were heard when they were rung.
    onMessage: (body, from) => {
      if (from !== bus.member) hub.heard(fromBody(body));
    },
    onGap: () => hub.resync(),
  });
  void ready.then(() => hub.resync());
  return hub;
}

/** Written by another thread of this server, so anything else is a bug. */
function fromBody(body: Uint8Array): ChatRing {
  const [room, one, other] = unpack(Buffer.from(body)) as readonly number[];
  if (room === undefined) throw new Error('a bell of no room');
  return { room, pair: one === undefined || other === undefined ? undefined : [one, other] };
}
