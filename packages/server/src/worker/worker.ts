/**
 * One worker thread: the composition root of all that serves connections. What is shared, storage/open-shared.ts knows.
 * Started by supervisor/worker-handle.ts.
 */

import { constants } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { FerryError, fromWireError, limits } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { makeTicketKeys } from '@ferry/protocol/session';
import { AccessStore } from '../access/access-store.ts';
import { AccountMemory } from '../access/account-memory.ts';
import { AdminDesk } from '../access/admin-desk.ts';
import { type LaneGrant, LaneTickets } from '../access/lane-tickets.ts';
import { type AccessChanges, localAccess, sharedAccess } from '../access/operations.ts';
import { Pace } from '../access/pace.ts';
import { Quotas } from '../access/quota.ts';
import { ShareDesk } from '../access/share-desk.ts';
import { lookMs, Standings } from '../access/standing.ts';
import { TicketLedger } from '../access/ticket-ledger.ts';
import { AuditBatch } from '../audit/audit-batch.ts';
import { Blame } from '../blame.ts';
import { ThreadBus } from '../bus/thread-bus.ts';
import { ChatHistory } from '../chat/chat-history.ts';
import { ChatHub } from '../chat/chat-hub.ts';
import { chatOverBus } from '../chat/chat-over-bus.ts';
import { sharedChat } from '../chat/operations.ts';
import { Meters } from '../metrics/meters.ts';
import { People } from '../presence/people.ts';
import { Questions } from '../questions.ts';
import { Freshness } from '../replica/freshness.ts';
import type { Shared } from '../replica/replica-thread.ts';
import { BufferShares } from '../session/buffer-shares.ts';
import { SessionRules } from '../session/session-rules.ts';
import { ContentIndex } from '../storage/content-index.ts';
import { openShared } from '../storage/open-shared.ts';
import { withNotices } from '../storage/with-notices.ts';
import type { Crash, FromWorker, ToWorker, WorkerSetup } from '../supervisor/messages.ts';
import type { ConnectionStatus } from '../supervisor/status.ts';
import { Touched } from '../watching/touched.ts';
import { WatchedFolders } from '../watching/watched-folders.ts';
import { Connections } from './connections.ts';
import { learnContents } from './learn-contents.ts';

const tidyEveryMs = 6 * 3_600_000;

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const setup = workerData as WorkerSetup;
const send = (message: FromWorker): void => port.postMessage(message);

const asked = new Questions<{ readonly connections: readonly ConnectionStatus[] }>();
const lanes = new Questions<LaneGrant>();
const shared = await openShared(setup.folder, setup);
const { storage } = shared;
const store = new AccessStore(setup.accessFile);
const freshness = setup.freshness === undefined ? undefined : new Freshness(setup.freshness);
const errands = new Questions<Uint8Array>();
const changes = changesFor(setup);
const standings = new Standings(store, Date.now, freshness);
const accountMemory = new AccountMemory(setup.accountMemory, setup.index);
const sessionRules = new SessionRules();
const auditBatch = new AuditBatch((lines) => send({ kind: 'audit', lines }));
const contents = new ContentIndex(setup.contentsFile);
const bus = new ThreadBus(setup.busMember, (parcel) => send({ kind: 'bus', parcel }));
const folders = new WatchedFolders({
  bus,
  want: (key, id) => send({ kind: 'watch', key, id }),
  leave: (key) => send({ kind: 'unwatch', key }),
});
const chat = openChat(setup.chatFile);
const touched = new Touched(bus);
// Beside what waits for object storage in memory there is less room for what comes in.
const pool = new BlockPool(shared.isNear ? limits.workerBlockBuffers : limits.workerBlockBuffers / 2);
const blame = new Blame(setup.blameMemory);
const connections = new Connections({
  storage: withNotices(storage, (folder) => touched.add(folder)),
  login: { store, changes, freshness, openTo: setup.openTo },
  standings,
  tickets: new LaneTickets(
    setup.server,
    makeTicketKeys(setup.ticketMaster),
    new TicketLedger(setup.ticketMemory),
  ),
  askForLane: (issuer, shown) => lanes.ask((id) => send({ kind: 'lane', id, issuer, shown })),
  quotas: new Quotas(accountMemory, storage),
  desk: new ShareDesk(setup.accessFile, changes),
  keepsOld: setup.keepsOld,
  admin: new AdminDesk(setup.accessFile, changes, askConnections),
  pace: new Pace(accountMemory),
  sessionRules,
  meters: new Meters(setup.meterMemory, setup.index),
  secureContext: createSecureContext({
    key: setup.key,
    cert: setup.cert,
    minVersion: 'TLSv1.3',
    // Both ends spend most of their time here, and AES-128 takes two thirds of AES-256's.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    honorCipherOrder: true,
    // A resumed session would hide the identity from the client.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }),
  pool,
  blame,
  bufferShares: new BufferShares(pool),
  contents,
  bus,
  folders,
  people: new People(bus),
  chat,
  log: (event) => send({ kind: 'log', event }),
  audit: setup.audits ? (line) => auditBatch.add(line) : undefined,
  onKnown: (id, as) => send({ kind: 'known', id, as }),
  onPassword: (id, user, password) => send({ kind: 'password', id, user, password }),
  onOffence: (id, offence) => send({ kind: 'offence', id, offence }),
  onGone: (id) => send({ kind: 'gone', id }),
  onSpoke: (id) => send({ kind: 'spoke', id }),
  onOrigin: (id, source) => send({ kind: 'origin', id, source }),
});

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'socket':
      connections.accept(message, message.refusal === undefined ? undefined : fromWireError(message.refusal));
      break;
    case 'introduced':
      connections.introduced(
        message.id,
        message.refusal === undefined ? undefined : fromWireError(message.refusal),
      );
      break;
    case 'drop':
      connections.drop(message.id);
      break;
    case 'password':
      connections.answerPassword(
        message.id,
        typeof message.account === 'object' ? fromWireError(message.account) : message.account,
      );
      break;
    case 'close':
      connections.end(message.id, fromWireError(message.why));
      break;
    case 'tell':
      connections.tell(message.id, message.text);
      break;
    case 'slow':
      sessionRules.slow(message.slowed);
      break;
    case 'shun':
      sessionRules.shun(message.user, message.forMs, performance.now());
      break;
    case 'kick':
      sessionRules.kick(message.sessionId);
      break;
    case 'report':
      send({ kind: 'report', id: message.id, report: connections.report() });
      break;
    case 'watched':
      folders.watched(message.key, message.id, message.answer);
      break;
    case 'connections':
      asked.answer(message.id, message);
      break;
    case 'said':
      if (chat instanceof ChatHub) {
        if (message.ring === undefined) chat.resync();
        else chat.heard(message.ring);
      }
      break;
    case 'changed':
      errands.answer(message.id, message.answer);
      break;
    case 'lane':
      lanes.answer(message.id, message.grant);
      break;
    case 'bus':
      bus.receive(message.parcel);
      break;
    case 'drain':
      void connections.drain().then(() => send({ kind: 'drained' }));
      break;
    case 'crash':
      crash(message.how);
  }
});

/** Of the main thread, which knows them all. */
async function askConnections(): Promise<readonly ConnectionStatus[]> {
  const { connections } = await asked.ask((id) => send({ kind: 'connections', id }));
  return connections;
}

/** Done here and now, or by the thread that keeps what several servers share. */
function changesFor({ freshness: isShared, accessFile }: WorkerSetup): AccessChanges {
  if (isShared === undefined) return localAccess(accessFile).changes;
  return sharedAccess(ask('accounts'));
}

/** The thread that keeps what several servers share. */
function ask(what: Shared): (order: Buffer) => Promise<Buffer> {
  return async (order) => Buffer.from(await errands.ask((id) => send({ kind: 'change', id, what, order })));
}

/** @returns the hub, or why there is none */
function openChat(file: WorkerSetup['chatFile']): ChatHub | FerryError {
  if (typeof file !== 'string') return fromWireError(file);
  try {
    const history = new ChatHistory(file);
    if (setup.freshness === undefined) return chatOverBus(history, bus);
    return new ChatHub({ history, changes: sharedChat(ask('chat')), ring: undefined });
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return error;
  }
}

/** Tests only. */
function crash(how: Crash): void {
  if (how === 'message') {
    blame.dieNext();
    return;
  }
  if (how === 'throw') throw new Error('asked to crash by a test');
  const kept: object[] = [];
  for (;;) if (how === 'heap') kept.push({ size: kept.length, more: [] });
}

setInterval(() => standings.look(), lookMs).unref();
if (setup.tidies) {
  const tidy = (): void => {
    shared.tidy(Date.now()).catch((error: unknown) => {
      if (!(error instanceof FerryError)) throw error;
    });
    if (shared.isNear) void learnContents(storage, contents);
    if (chat instanceof ChatHub) chat.tidy();
  };
  setInterval(tidy, tidyEveryMs).unref();
  setImmediate(tidy);
}
setInterval(() => send({ kind: 'alive' }), limits.heartbeatMs).unref();
send({ kind: 'ready', thread: Number(readlinkSync('/proc/thread-self').split('/').at(-1)) });
