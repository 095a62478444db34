/**
 * The chat of a server in this process: as many threads as wanted, each with its own hub over the same file, joined by bells that a
 * test may hold or lose, and people at in-memory links.
 */

import { join } from 'node:path';
import { BlockPool } from '@ferry/protocol/content';
import { memoryLinks } from '@ferry/protocol/link';
import {
  type ChatMessage,
  hello,
  history,
  join as joinRoom,
  RoomKind,
  type ServerEvent,
} from '@ferry/protocol/messages';
import { ClientChannel, makeTicketKeys } from '@ferry/protocol/session';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { AccountMemory, newAccountMemory } from '../../packages/server/src/access/account-memory.ts';
import { type AccountSettings, Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { AdminDesk } from '../../packages/server/src/access/admin-desk.ts';
import { Pace } from '../../packages/server/src/access/pace.ts';
import { Quotas } from '../../packages/server/src/access/quota.ts';
import { ShareDesk } from '../../packages/server/src/access/share-desk.ts';
import { Standings } from '../../packages/server/src/access/standing.ts';
import { newTicketMemory, TicketLedger } from '../../packages/server/src/access/ticket-ledger.ts';
import { ThreadBus } from '../../packages/server/src/bus/thread-bus.ts';
import { prepareChatFile } from '../../packages/server/src/chat/chat-file.ts';
import { ChatHistory } from '../../packages/server/src/chat/chat-history.ts';
import { ChatHub, type ChatRing } from '../../packages/server/src/chat/chat-hub.ts';
import { Meters, newMeterMemory } from '../../packages/server/src/metrics/meters.ts';
import { Connection, type ConnectionContext } from '../../packages/server/src/session/connection.ts';
import { SessionRules } from '../../packages/server/src/session/session-rules.ts';
import { ContentIndex } from '../../packages/server/src/storage/content-index.ts';
import { MemoryStorage } from '../../packages/server/src/storage/memory.ts';
import { Transfers } from '../../packages/server/src/worker/transfers.ts';
import { type Device, helloFor, newDevice } from './client.ts';
import type { Afterwards } from './scratch.ts';

export type Thread = { readonly hub: ChatHub; readonly context: ConnectionContext };

export type ChatServer = {
  readonly file: string;
  readonly accounts: Accounts;
  readonly threads: readonly Thread[];
  /** Milliseconds since 1970, of all threads. */
  now: number;
  /** What happens to a bell on its way to other threads; default: it rings in the next turn. */
  carry: (ring: () => void) => void;
  /** Makes the account where it is missing. Without a name: a guest. */
  readonly enter: (
    user?: string,
    thread?: number,
    settings?: Partial<AccountSettings>,
  ) => Promise<Chatterbox>;
};

/** Somebody at a link. */
export type Chatterbox = {
  readonly channel: ClientChannel;
  readonly events: (ServerEvent & { kind: 'chat' })[];
  /** Joins an open room, made where it is missing; gives its number. */
  readonly join: (name: string) => Promise<number>;
  readonly history: (room: number, after?: number) => Promise<readonly ChatMessage[]>;
};

export function chatServer(afterwards: Afterwards, folder: string, threadCount = 1): ChatServer {
  const file = join(folder, 'chat.db');
  const accessFile = join(folder, 'access.db');
  prepareChatFile(file);
  const accounts = new Accounts(accessFile);
  const devices = new Map<string, Device>();
  const memory = new AccountMemory(newAccountMemory(1), 1);
  const storage = new MemoryStorage({ capacity: 2 ** 20 });
  const threads: Thread[] = [];
  const common = {
    storage,
    quotas: new Quotas(memory, storage),
    pace: new Pace(memory),
    meters: new Meters(newMeterMemory(1), 1),
    bus: new ThreadBus('alone', () => {}),
    desk: new ShareDesk(accessFile),
    keepsOld: true,
    admin: new AdminDesk(accessFile, async () => []),
    ticketLedger: new TicketLedger(newTicketMemory()),
    ticketKeys: makeTicketKeys(),
    pool: new BlockPool(),
    transfers: new Transfers(),
    contents: new ContentIndex(join(folder, 'contents.db')),
    log: () => {},
    audit: undefined,
    refusal: undefined,
    checkPassword: async () => undefined,
    onOffence: () => {},
    onKnown: () => {},
  };
  for (let i = 0; i < threadCount; i++) {
    const store = new AccessStore(accessFile);
    const ring = (rung: ChatRing): void => {
      for (const { hub: other } of threads) if (other !== hub) server.carry(() => other.heard(rung));
    };
    const hub = new ChatHub({ history: new ChatHistory(file), ring, now: () => server.now });
    threads.push({
      hub,
      context: {
        ...common,
        chat: hub,
        bus: new ThreadBus(`thread ${i}`, () => {}),
        sessionRules: new SessionRules(),
        meters: new Meters(newMeterMemory(1), 1),
        login: { store, openTo: 'everybody' },
        standings: new Standings(store),
      },
    });
  }
  const server: ChatServer = {
    file,
    accounts,
    threads,
    now: Date.now(),
    carry: (ring) => setImmediate(ring),
    enter: async (user, thread = 0, settings = {}) => {
      if (user !== undefined && !devices.has(user)) {
        const device = newDevice();
        devices.set(user, device);
        accounts.add(user, { ...newAccount, ...settings }, Date.now());
        accounts.addDevice(user, device.publicKey, 'test', Date.now());
      }
      const context = threads[thread]?.context;
      if (context === undefined) throw new Error('no such thread');
      const device = user === undefined ? undefined : devices.get(user);
      return await sitDown(context, device);
    },
  };
  afterwards.after(() => {
    accounts.close();
    for (const { hub, context } of threads) {
      hub.close();
      context.login.store.close();
    }
    common.contents.close();
  });
  return server;
}

async function sitDown(context: ConnectionContext, device: Device | undefined): Promise<Chatterbox> {
  const { a, b } = memoryLinks();
  const connection = new Connection(b, {
    ...context,
    deadlineMs: performance.now() + 3_600_000,
    onEnd: () => {},
  });
  if (connection.moved.sent > 0) throw new Error('it spoke first');
  const events: (ServerEvent & { kind: 'chat' })[] = [];
  const channel = new ClientChannel(a, {
    onEvent: (event) => {
      if (event.kind === 'chat') events.push(event);
    },
  });
  await channel.call(hello, helloFor(a, device === undefined ? {} : { device }));
  return {
    channel,
    events,
    join: async (name) => {
      const { room } = await channel.call(joinRoom, {
        kind: RoomKind.open,
        name,
        create: true,
        sealing: undefined,
      });
      return room;
    },
    history: async (room, after) => {
      const messages: ChatMessage[] = [];
      const onPart = (part: { messages: readonly ChatMessage[] }): void =>
        void messages.push(...part.messages);
      await channel.call(history, { room, after, most: 1000 }, { onPart });
      return messages;
    },
  };
}
