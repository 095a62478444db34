/** Everything that crosses between the main thread and a worker thread. One union per direction. */

import type { Socket } from 'node:net';
import type { WireError } from '@ferry/protocol';
import type { LaneGrant, ShownTicket } from '../access/lane-tickets.ts';
import type { Offence } from '../access/throttle.ts';
import type { FromHub, ToHub } from '../bus/parcel.ts';
import type { ChatRing } from '../chat/chat-hub.ts';
import type { OpenTo } from '../config.ts';
import type { LogEvent } from '../log-event.ts';
import type { ErrandAnswer } from '../replica/errands.ts';
import type { Shared } from '../replica/replica-thread.ts';
import type { KnownAs } from '../session/connection.ts';
import type { Watched } from '../watching/messages.ts';
import type { Moving } from '../worker/transfers.ts';
import type { Slowed } from './orders.ts';
import type { ConnectionStatus } from './status.ts';

/** What a worker is born with. */
export type WorkerSetup = {
  readonly folder: string;
  readonly openTo: OpenTo;
  /** Owners of files are told and set. */
  readonly keepsOwners: boolean;
  /** What is overwritten goes to the trash. */
  readonly keepsOld: boolean;
  readonly accessFile: string;
  /** As replica/freshness.ts has it, where accounts are kept together with other servers; undefined: they are this one's alone. */
  readonly freshness: SharedArrayBuffer | undefined;
  readonly contentsFile: string;
  /** Made and looked at already; or why there is no chat. */
  readonly chatFile: string | WireError;
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** Names this run of this server, 16 hex digits. */
  readonly server: string;
  /** The master of the keys that tickets are sealed with; the same for all workers of a server. */
  readonly ticketMaster: Uint8Array;
  /** Which tickets are used, as access/ticket-ledger.ts has it; the same for all workers. */
  readonly ticketMemory: SharedArrayBuffer;
  /** What is counted over all workers, as access/account-memory.ts has it. */
  readonly accountMemory: SharedArrayBuffer;
  /** What is counted for the owner, as metrics/meters.ts has it. */
  readonly meterMemory: SharedArrayBuffer;
  /** Whose message it looks at, as blame.ts has it; its own. */
  readonly blameMemory: SharedArrayBuffer;
  /** What people do is told line by line. */
  readonly audits: boolean;
  /** How many workers the server has: what one may hold is a share. */
  readonly threads: number;
  /** From 1; a worker that replaces a dead one has its number. */
  readonly index: number;
  /** What it is called on the bus; no other worker ever has this name. */
  readonly busMember: string;
  /** One worker of a server tidies up what dead transfers left. */
  readonly tidies: boolean;
};

/** What a worker tells of itself when it is asked. */
export type WorkerReport = {
  readonly connections: readonly ConnectionReport[];
  readonly moving: readonly Moving[];
};

export type ConnectionReport = { readonly id: number; readonly received: number; readonly sent: number };

export type ToWorker =
  /** A connection was accepted and is the worker's now. */
  | {
      readonly kind: 'socket';
      readonly id: number;
      readonly socket: Socket;
      /** How long ago it was accepted. */
      readonly ageMs: number;
      /** It comes from a balancer, which says first whose it is: `origin` tells us, and `introduced` answers. */
      readonly isForwarded: boolean;
      /** Nobody gets in on it, and this is why. */
      readonly refusal: WireError | undefined;
    }
  /** The answer to `origin`: whether it may go on, and if not, why. */
  | { readonly kind: 'introduced'; readonly id: number; readonly refusal: WireError | undefined }
  /** A stranger that has to go for another one; nothing if it has logged in meanwhile. */
  | { readonly kind: 'drop'; readonly id: number }
  /** What came of the question with the connection's number: whose password it is, nobody's, or why that is not known. */
  | { readonly kind: 'password'; readonly id: number; readonly account: number | undefined | WireError }
  /** How much has each connection moved, and what moves now? */
  | { readonly kind: 'report'; readonly id: number }
  /** The answer to the question of that id. */
  | { readonly kind: 'connections'; readonly id: number; readonly connections: readonly ConnectionStatus[] }
  /** Say why, and end it. */
  | { readonly kind: 'close'; readonly id: number; readonly why: WireError }
  /** The owner says something to whoever sits there. */
  | { readonly kind: 'tell'; readonly id: number; readonly text: string }
  /** The owner has slowed down a session, or does not any more. */
  | { readonly kind: 'slow'; readonly slowed: Slowed }
  /** The owner has ended this session: no ticket of it is good any more. */
  | { readonly kind: 'kick'; readonly sessionId: string }
  /** Messages of this account have ended a thread. */
  | { readonly kind: 'shun'; readonly user: string; readonly forMs: number }
  /** Begin nothing new, finish what moves, close what is left; then `drained`. */
  | { readonly kind: 'drain' }
  /** What came of `watch` with that number; again when the watching was interrupted. */
  | { readonly kind: 'watched'; readonly key: string; readonly id: number; readonly answer: Watched }
  /** What came of the change of that id. */
  | { readonly kind: 'changed'; readonly id: number; readonly answer: ErrandAnswer }
  /** Something was said in the chat of several servers. */
  | { readonly kind: 'said'; readonly ring: ChatRing | undefined }
  /** The answer to `lane` of that id. */
  | { readonly kind: 'lane'; readonly id: number; readonly grant: LaneGrant | WireError }
  /** From the hub of the bus. */
  | { readonly kind: 'bus'; readonly parcel: FromHub }
  /** Tests only: what a bug would do. */
  | { readonly kind: 'crash'; readonly how: Crash };

/** `throw`; `hang`: work for ever; `heap`: take all memory; `message`: break with the next message of whomever. */
export type Crash = 'throw' | 'hang' | 'heap' | 'message';

export type FromWorker =
  /** Sockets may come. `thread` is the kernel's number of it. */
  | { readonly kind: 'ready'; readonly thread: number }
  /** Every limits.heartbeatMs. */
  | { readonly kind: 'alive' }
  /** A balancer says whose connection this is. */
  | { readonly kind: 'origin'; readonly id: number; readonly source: string }
  /** The first bytes of a stranger have come. */
  | { readonly kind: 'spoke'; readonly id: number }
  /** The connection has logged in or has shown a ticket. */
  | { readonly kind: 'known'; readonly id: number; readonly as: KnownAs }
  /** Is it somebody's password? */
  | { readonly kind: 'password'; readonly id: number; readonly user: string; readonly password: string }
  /** The answer to the report of that id. */
  | { readonly kind: 'report'; readonly id: number; readonly report: WorkerReport }
  /** An owner asks who is connected. */
  | { readonly kind: 'connections'; readonly id: number }
  /** What a stranger did. */
  | { readonly kind: 'offence'; readonly id: number; readonly offence: Offence }
  | { readonly kind: 'gone'; readonly id: number }
  | { readonly kind: 'drained' }
  /** Some of its sessions look at a folder; `key` as watching/folder-subject.ts has it. */
  | { readonly kind: 'watch'; readonly key: string; readonly id: number }
  | { readonly kind: 'unwatch'; readonly key: string }
  /** Something that several servers share is to be changed. */
  | { readonly kind: 'change'; readonly id: number; readonly what: Shared; readonly order: Uint8Array }
  /** A lane shows the ticket of another server: whose is it? */
  | { readonly kind: 'lane'; readonly id: number; readonly issuer: string; readonly shown: ShownTicket }
  /** To the hub of the bus. */
  | { readonly kind: 'bus'; readonly parcel: ToHub }
  | { readonly kind: 'log'; readonly event: LogEvent }
  /** Lines for the audit log, without ends. */
  | { readonly kind: 'audit'; readonly lines: readonly string[] };
