/** What a running server tells its owner. Pure; main thread of the server, and `ferryd status`. */

import type { OtherServer } from '../bus/servers.ts';
import type { Figures } from '../metrics/meters.ts';
import type { Space } from '../metrics/space-on.ts';
import type { Tallies } from '../metrics/tally.ts';
import type { Moving } from '../worker/transfers.ts';
import type { Rates } from './order.ts';
import type { ToldStatus } from './status-wire.ts';

export type ConnectionStatus = {
  readonly id: number;
  /** Where several are looked at together: the name of the one that has it. */
  readonly server?: string;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Foreign text; undefined: a stranger. */
  readonly user: string | undefined;
  readonly kind: 'stranger' | 'session' | 'lane';
  readonly sessionId: string | undefined;
  /** Bytes so far. */
  readonly received: number;
  readonly sent: number;
};

export type ThreadStatus = {
  /** From 1. */
  readonly index: number;
  readonly connections: number;
  /** Milliseconds since it began in which it did not wait for something to do. */
  readonly activeMs: number;
  /** Processor time since it began, milliseconds. */
  readonly workedMs: number;
};

/** What there is room for, and what makes people wait beside penalties of addresses. Names are foreign text. */
export type GateStatus = {
  /** Connections that may be logged in, and that may not be yet. */
  readonly mostConnections: number;
  readonly mostStrangers: number;
  /** Passwords that wait to be checked. */
  readonly passwordsWaiting: number;
  /** Accounts, there or not, at which nobody may try a password for so long, milliseconds; undefined: before a known device is here. */
  readonly guessed: readonly { readonly user: string; readonly ms: number | undefined }[];
  /** Accounts that are kept out since a thread died of what they sent, and for how long, milliseconds. */
  readonly shunned: readonly { readonly user: string; readonly ms: number }[];
};

export type Status = {
  readonly workers: number;
  /** How many there should be. */
  readonly wantedWorkers: number;
  readonly threads: readonly ThreadStatus[];
  /** Workers that died since the start and were replaced. */
  readonly restarts: number;
  readonly isDraining: boolean;
  /** Sockets that were closed before anything was looked at, since the start. */
  readonly turnedAway: number;
  /** By lane: a large file may move on several. */
  readonly moving: readonly Moving[];
  /** Accepted and not looked at yet. */
  readonly waiting: number;
  readonly connections: readonly ConnectionStatus[];
  /** Sessions that the owner has slowed down, and to what. */
  readonly slowed: readonly (Rates & { readonly sessionId: string })[];
  /** What accounts with a quota hold, of those that it was counted for. */
  readonly held: readonly { readonly account: number; readonly bytes: number; readonly files: number }[];
  /** Addresses that are kept out, and for how long, milliseconds. */
  readonly barred: readonly { readonly source: string; readonly ms: number }[];
  readonly gate: GateStatus;
};

export type AuditFigures = {
  readonly lines: number;
  /** Lines that could not be written and are gone. */
  readonly lost: number;
  readonly waitingBytes: number;
  readonly isBroken: boolean;
};

/** The servers that it belongs together with. */
export type BusStatus = {
  readonly name: string;
  /** Of NATS. */
  readonly nodes: readonly string[];
  /** They hear us, and we them. */
  readonly isWhole: boolean;
  readonly others: readonly (OtherServer & {
    /** As it says itself; undefined: it does not answer now, or nobody has asked. */
    readonly status?: ToldStatus | undefined;
  })[];
};

/** What one server says on its status socket: one line of JSON. */
export type ServerStatus = Status & {
  readonly figures: Figures;
  readonly tallies: Tallies;
  /** Of the file system that the folder is on; undefined where it does not say. */
  readonly disk: Space | undefined;
  /** undefined: it is alone. */
  readonly bus: BusStatus | undefined;
  /** undefined: none is kept. */
  readonly audit: AuditFigures | undefined;
  /** Names this run of it among all servers. */
  readonly id: string;
  readonly pid: number;
  readonly folder: string;
  readonly address: string;
  readonly sinceMs: number;
};
