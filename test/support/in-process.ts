/** One thread of a server in this process, over links in memory: for tests that want its clock, its memory or its every frame. */

import { join } from 'node:path';
import { BlockPool } from '@ferry/protocol/content';
import { type Link, memoryLinks } from '@ferry/protocol/link';
import { attach, hello, protocolVersion, ticket, type Welcome } from '@ferry/protocol/messages';
import { ClientChannel, type ClientChannelOpts, laneProof, makeTicketKeys } from '@ferry/protocol/session';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { AccountMemory, newAccountMemory } from '../../packages/server/src/access/account-memory.ts';
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
import { ChatHub } from '../../packages/server/src/chat/chat-hub.ts';
import { Meters, newMeterMemory } from '../../packages/server/src/metrics/meters.ts';
import { People } from '../../packages/server/src/presence/people.ts';
import { BufferShares } from '../../packages/server/src/session/buffer-shares.ts';
import { Connection, type ConnectionContext } from '../../packages/server/src/session/connection.ts';
import { SessionRules } from '../../packages/server/src/session/session-rules.ts';
import { ContentIndex } from '../../packages/server/src/storage/content-index.ts';
import type { Storage } from '../../packages/server/src/storage/storage.ts';
import { WatchedFolders } from '../../packages/server/src/watching/watched-folders.ts';
import { Transfers } from '../../packages/server/src/worker/transfers.ts';
import { helloFor, type LoginAs } from './client.ts';

/** All that connections of a thread share; open to everybody. @param folder for its files, which whoever made it removes */
export function serverContext(folder: string, storage: Storage, server = '0'.repeat(16)): ConnectionContext {
  const accessFile = join(folder, 'access.db');
  const store = new AccessStore(accessFile);
  const { changes } = localAccess(accessFile);
  const bus = new ThreadBus('alone', () => {});
  const chatFile = join(folder, 'chat.db');
  prepareChatFile(chatFile);
  const pool = new BlockPool();
  const memory = new AccountMemory(newAccountMemory(1), 1);
  return {
    storage,
    quotas: new Quotas(memory, storage),
    pace: new Pace(memory),
    sessionRules: new SessionRules(),
    desk: new ShareDesk(accessFile, changes),
    keepsOld: true,
    admin: new AdminDesk(accessFile, changes, async () => []),
    meters: new Meters(newMeterMemory(1), 1),
    login: { store, changes, openTo: 'everybody' },
    standings: new Standings(store),
    tickets: new LaneTickets(server, makeTicketKeys(), new TicketLedger(newTicketMemory())),
    askForLane: async () => {
      throw invalidTicket();
    },
    pool,
    bufferShares: new BufferShares(pool),
    transfers: new Transfers(),
    chat: new ChatHub({ history: new ChatHistory(chatFile), ring: () => {} }),
    contents: new ContentIndex(join(folder, 'contents.db')),
    bus,
    people: new People(bus),
    folders: new WatchedFolders({ bus, want: () => {}, leave: () => {} }),
    log: () => {},
    audit: undefined,
    refusal: undefined,
    checkPassword: async () => undefined,
    onOffence: () => {},
    onKnown: () => {},
  };
}

export type Served = {
  /** The client's end. */
  readonly link: Link;
  readonly client: ClientChannel;
  readonly isOver: () => boolean;
};

/** A stranger. */
export function connectTo(
  context: ConnectionContext,
  { onServerLink = () => {}, ...opts }: ClientChannelOpts & { onServerLink?: (link: Link) => void } = {},
): Served {
  const { a, b } = memoryLinks();
  const client = new ClientChannel(a, opts);
  onServerLink(b);
  let over = false;
  new Connection(b, {
    ...context,
    deadlineMs: performance.now() + 3_600_000,
    onEnd: () => {
      over = true;
    },
  });
  return { link: a, client, isOver: () => over };
}

export type ServedSession = Served & { readonly welcome: Welcome };

/** Without a device: a guest. */
export async function sessionOn(context: ConnectionContext, as: LoginAs = {}): Promise<ServedSession> {
  const served = connectTo(context);
  const welcome = await served.client.call(hello, helloFor(served.link, as));
  return { ...served, welcome };
}

export async function laneOn(
  context: ConnectionContext,
  { client, welcome }: ServedSession,
  opts: Parameters<typeof connectTo>[1] = {},
  sealed?: Uint8Array,
): Promise<Served> {
  const served = connectTo(context, opts);
  const proof = laneProof(served.link, welcome.sessionSecret);
  const granted = sealed ?? (await client.call(ticket, {})).ticket;
  await served.client.call(attach, { version: protocolVersion, ticket: granted, proof });
  return served;
}
