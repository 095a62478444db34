/**
 * The chat of a server in this process: as many threads as wanted, each with its own hub over the same file, joined by bells that a
 * test may hold or lose, and people at in-memory links.
 */

import { join } from 'node:path';
import { Code, FerryError } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { memoryLinks } from '@ferry/protocol/link';
import {
  type ChatMessage,
  hello,
  history,
  join as joinRoom,
  RoomKind,
  type ServerEvent,
  type Welcome,
} from '@ferry/protocol/messages';
import { ClientChannel, type ClientChannelOpts, makeTicketKeys } from '@ferry/protocol/session';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { AccountMemory, newAccountMemory } from '../../packages/server/src/access/account-memory.ts';
import { type AccountSettings, Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { AdminDesk } from '../../packages/server/src/access/admin-desk.ts';
import { invalidTicket, LaneTickets } from '../../packages/server/src/access/lane-tickets.ts';
import { localAccess } from '../../packages/server/src/access/operations.ts';
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
import { People } from '../../packages/server/src/presence/people.ts';
import { BufferShares } from '../../packages/server/src/session/buffer-shares.ts';
import { Connection, type ConnectionContext } from '../../packages/server/src/session/connection.ts';
import { SessionRules } from '../../packages/server/src/session/session-rules.ts';
import { ContentIndex } from '../../packages/server/src/storage/content-index.ts';
import { MemoryStorage } from '../../packages/server/src/storage/memory.ts';
import { WatchedFolders } from '../../packages/server/src/watching/watched-folders.ts';
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
  /** The same, for whoever has a client of their own. */
  readonly dial: (
    user: string | undefined,
    thread: number,
    opts: ClientChannelOpts,
  ) => Promise<{ readonly channel: ClientChannel; readonly welcome: Welcome }>;
};

export type ChatEvent = ServerEvent & { kind: 'chat' };

/** Somebody at a link. */
export type Chatterbox = {
  readonly channel: ClientChannel;
  readonly events: ChatEvent[];
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
  const pool = new BlockPool();
  const memory = new AccountMemory(newAccountMemory(1), 1);
  const storage = new MemoryStorage({ capacity: 2 ** 20 });
  const threads: Thread[] = [];
  const channels: ClientChannel[] = [];
  let isClosed = false;
  const { changes } = localAccess(accessFile);
  const common = {
    storage,
    quotas: new Quotas(memory, storage),
    pace: new Pace(memory),
    meters: new Meters(newMeterMemory(1), 1),
    bus: new ThreadBus('alone', () => {}),
    desk: new ShareDesk(accessFile, changes),
    keepsOld: true,
    tickets: new LaneTickets('0'.repeat(16), makeTicketKeys(), new TicketLedger(newTicketMemory())),
    askForLane: async () => {
      throw invalidTicket();
    },
    admin: new AdminDesk(accessFile, changes, async () => []),
    pool,
    bufferShares: new BufferShares(pool),
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
    const bus = new ThreadBus(`thread ${i}`, () => {});
    const hub = new ChatHub({ history: new ChatHistory(file), ring, now: () => server.now });
    threads.push({
      hub,
      context: {
        ...common,
        chat: hub,
        bus,
        people: new People(bus),
        folders: new WatchedFolders({ bus, want: () => {}, leave: () => {} }),
        sessionRules: new SessionRules(),
        meters: new Meters(newMeterMemory(1), 1),
        login: { store, changes, openTo: 'everybody' },
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
      const events: ChatEvent[] = [];
      const onEvent = (event: ServerEvent): void => {
        if (event.kind === 'chat') events.push(event);
      };
      if (user !== undefined) known(user, settings);
      return chatterbox((await server.dial(user, thread, { onEvent })).channel, events);
    },
    dial: async (user, thread, opts) => {
      const context = threads[thread]?.context;
      if (context === undefined || isClosed) throw new Error('no such thread');
      const { a, b } = memoryLinks();
      const deadlineMs = performance.now() + 3_600_000;
      const connection = new Connection(b, { ...context, deadlineMs, onEnd: () => {} });
      if (connection.moved.sent > 0) throw new Error('it spoke first');
      const channel = new ClientChannel(a, opts);
      channels.push(channel);
      const login = user === undefined ? {} : { device: known(user, {}) };
      return { channel, welcome: await channel.call(hello, helloFor(a, login)) };
    },
  };
  function known(user: string, settings: Partial<AccountSettings>): Device {
    const before = devices.get(user);
    if (before !== undefined) return before;
    const device = newDevice();
    devices.set(user, device);
    accounts.add(user, { ...newAccount, ...settings }, Date.now());
    accounts.addDevice(user, device.publicKey, 'test', Date.now());
    return device;
  }
  afterwards.after(() => {
    isClosed = true;
    for (const channel of channels) channel.abort(new FerryError(Code.CANCELLED, 'the test is over'));
    const close = (): void => {
      accounts.close();
      for (const { hub, context } of threads) {
        hub.close();
        context.login.store.close();
      }
      common.contents.close();
    };
    // What is under way arrives first, in the turns that the links take.
    setImmediate(() => setImmediate(() => setImmediate(close)));
  });
  return server;
}

function chatterbox(channel: ClientChannel, events: ChatEvent[]): Chatterbox {
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
