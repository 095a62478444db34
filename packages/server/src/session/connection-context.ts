/** What every connection of a worker has at hand, and what its end and its login tell. Types alone; worker threads. */

import type { FerryError } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { ChannelWork } from '@ferry/protocol/session';
import type { AdminDesk } from '../access/admin-desk.ts';
import type { LaneGrant, LaneTickets, ShownTicket } from '../access/lane-tickets.ts';
import type { LoginRules } from '../access/login.ts';
import type { Pace } from '../access/pace.ts';
import type { Quotas } from '../access/quota.ts';
import type { ShareDesk } from '../access/share-desk.ts';
import type { Standings } from '../access/standing.ts';
import type { Offence } from '../access/throttle.ts';
import type { Bus } from '../bus/bus.ts';
import type { ChatHub } from '../chat/chat-hub.ts';
import type { LogEvent } from '../log-event.ts';
import type { Meters } from '../metrics/meters.ts';
import type { People } from '../presence/people.ts';
import type { ContentIndex } from '../storage/content-index.ts';
import type { Storage } from '../storage/storage.ts';
import type { WatchedFolders } from '../watching/watched-folders.ts';
import type { Transfers } from '../worker/transfers.ts';
import type { BufferShares } from './buffer-shares.ts';
import type { SessionRules } from './session-rules.ts';

export type ConnectionContext = {
  readonly storage: Storage;
  readonly login: LoginRules;
  readonly standings: Standings;
  readonly tickets: LaneTickets;
  /** Whose lane it is that shows the ticket of another server. @throws {FerryError} TICKET_INVALID, TICKET_EXPIRED, KICKED, BUSY */
  readonly askForLane: (issuer: string, shown: ShownTicket) => Promise<LaneGrant>;
  readonly quotas: Quotas;
  readonly desk: ShareDesk;
  readonly admin: AdminDesk;
  /** As SharedStorage. */
  readonly keepsOld: boolean;
  readonly pace: Pace;
  readonly sessionRules: SessionRules;
  readonly meters: Meters;
  readonly pool: BlockPool;
  readonly bufferShares: BufferShares;
  readonly contents: ContentIndex;
  readonly bus: Bus;
  readonly folders: WatchedFolders;
  readonly people: People;
  readonly transfers: Transfers;
  /** Or why there is no chat. */
  readonly chat: ChatHub | FerryError;
  readonly log: (event: LogEvent) => void;
  /** Takes lines for the audit log, if there is one. */
  readonly audit: ((line: string) => void) | undefined;
  /** Nobody gets in, and why. */
  readonly refusal: FerryError | undefined;
  /** Whose password it is; undefined: nobody's. @throws {FerryError} AUTH_THROTTLED, BUSY */
  readonly checkPassword: (user: string, password: string) => Promise<number | undefined>;
  /** What a stranger did that honest clients seldom do. */
  readonly onOffence: (offence: Offence) => void;
  /** Once, when it is no stranger any more. */
  readonly onKnown: (as: KnownAs) => void;
};

/** What the supervisor learns of a connection that is no stranger any more. */
export type KnownAs = {
  /** As the account has it: foreign text. */
  readonly user: string;
  readonly kind: 'session' | 'lane';
  /** The session that it is, or that it is a lane of; hex. */
  readonly sessionId: string;
};

export type ConnectionOpts = ConnectionContext & {
  /** When a stranger is thrown out, on performance.now's clock. */
  readonly deadlineMs: number;
  readonly work?: ChannelWork;
  /** Once. */
  readonly onEnd: () => void;
};
