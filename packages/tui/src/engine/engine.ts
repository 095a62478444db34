/**
 * The one door to all that waits: server, disk and queue. The browser talks to it across a thread (engine-thread.ts), the
 * commands inline (engine-core.ts); neither can tell the difference.
 */

import type { Path, WireError } from '@ferry/protocol';
import type { Answer } from '../transfer/conflict.ts';
import type { Chat, ChatNews } from './chat.ts';
import type { Edits } from './edits.ts';
import type { Job, JobId, JobOrder, OrderServer, Priority, Totals } from './job.ts';
import type { People } from './people.ts';
import type { ServerShares } from './server-shares.ts';
import type { ServerTrash } from './server-trash.ts';
import type { ServerWorks } from './server-works.ts';
import type { FileSource, Wait } from './source.ts';
import type { Watching } from './watching.ts';

/** One of the two panes. At first the server's files are in `remote`, and those of this machine in `local`. */
export type Side = 'remote' | 'local';

/** A place with files: `host:port` of a server that is open; '' is this machine. */
export type Where = string;

/** A job, and between which places: without `to` its server is the first one, without `from` an upload's source is here. */
export type NewOrder = Omit<JobOrder, 'origin'> & { readonly to?: Where; readonly from?: Where };

/** A further server to be opened. */
export type OpenServer = OrderServer & { readonly token?: Uint8Array | undefined };

export type ConnectionStatus =
  | { readonly phase: 'connecting'; readonly attempt: number }
  | {
      readonly phase: 'online';
      /** `host:port` as the user named it. */
      readonly address: string;
      readonly user: string;
      readonly readOnly: boolean;
      /** Round trip of the last ping, milliseconds. */
      readonly rttMs: number;
    }
  /** The link is gone; the next attempt starts in `retryMs`. Nothing is lost: jobs wait. */
  | {
      readonly phase: 'offline';
      readonly error: WireError;
      readonly retryMs: number;
      readonly attempt: number;
    }
  /** No further attempt will be made (wrong token, changed identity, closed by us). */
  | { readonly phase: 'closed'; readonly error: WireError | undefined };

export type EngineEvent =
  /** Without `where` that of the first server. */
  | { readonly kind: 'connection'; readonly status: ConnectionStatus; readonly where?: Where }
  /** Jobs that changed since the last such event (at most 10 a second), and ids that are gone from the queue. */
  | {
      readonly kind: 'jobs';
      readonly changed: readonly Job[];
      readonly removed: readonly JobId[];
      readonly totals: Totals;
    }
  /** Settings of the queue, who moves it, or what the user must hear about it are different. */
  | { readonly kind: 'queue'; readonly status: QueueStatus }
  /** Somebody came, left or shows something else; so many are here. Of those who have been asked for once; `where` as above. */
  | { readonly kind: 'people'; readonly here: number; readonly where?: Where }
  /** The owner of the server says something; foreign text. */
  | { readonly kind: 'notice'; readonly text: string }
  /** Something was added to or removed from a folder by us; who shows it lists it again. */
  | { readonly kind: 'changed'; readonly where: Where; readonly folder: Path }
  /** In a room that one is in. */
  | { readonly kind: 'chat'; readonly news: ChatNews; readonly where?: Where };

export type QueueLimits = {
  /** Bytes per second, all jobs together; undefined: as much as there is. */
  readonly up: number | undefined;
  readonly down: number | undefined;
  /** As the user wrote it; '' for none. */
  readonly timetable: string;
};

export type QueueStatus = {
  readonly pausedAll: boolean;
  readonly limits: QueueLimits;
  /** `elsewhere`: another ferry moves the jobs, and this one only shows them until that one ends. */
  readonly moves: 'here' | 'elsewhere';
  /** The queue's file was damaged, or cannot be read or written now. */
  readonly notice: WireError | undefined;
};

export type JobAction = 'pause' | 'resume' | 'cancel' | 'retry' | 'overwrite' | 'top' | 'up' | 'down';

/** What a server has beside its files, and what one does there. */
export type AtServer = {
  /** What one lets others have of it. */
  readonly shares: ServerShares;
  readonly trash: ServerTrash;
  /** Who else is there. */
  readonly people: People;
  /** Copies of the server's files that are edited here. */
  readonly edits: Edits;
  /** Talking with others. */
  readonly chat: Chat;
};

export interface Engine {
  readonly remote: FileSource;
  readonly local: FileSource;
  /** What the server does with its own files. */
  readonly works: ServerWorks;
  /** The first server, as places are named. */
  readonly where: Where;
  /** Connects to a further server, and stays so until the engine is closed; its status comes as events. Idempotent. */
  open(server: OpenServer): Where;
  /** Files of a place. @throws {FerryError} NOT_FOUND where it is not open */
  source(where: Where): FileSource;
  /** What the server there does with its own files; this machine copies. @throws {FerryError} NOT_FOUND where it is not open */
  worksAt(where: Where): ServerWorks;
  /** What a server has beside its files; undefined: the first one. @throws {FerryError} NOT_FOUND where it is not open */
  at(where?: Where): AtServer;
  /** What changes in folders that are shown. */
  readonly watching: Watching;
  /** Adds jobs at the end of the queue; they start by themselves. The promise gives their ids in order. */
  submit(orders: readonly NewOrder[], opts?: Wait): Promise<readonly JobId[]>;
  /**
   * `pause` keeps what is there; `resume` goes on; `cancel` removes partial files and is final; `retry` starts a failed job's
   * missing files again; `overwrite` is retry with `existing: 'overwrite'`; `top`, `up` and `down` move jobs among those
   * that are not over. An action that does not fit a job's phase is ignored for that job. Where the queue is shared, all
   * this is a wish on the disk, and whoever moves acts on it within a second.
   */
  act(action: JobAction, ids: readonly JobId[]): void;
  setPriority(ids: readonly JobId[], priority: Priority): void;
  /** Bytes per second; undefined: as much as there is. */
  setLimit(ids: readonly JobId[], bytesPerSecond: number | undefined): void;
  /** Lets nothing move, or everything that is not paused itself. To `resume` one job pauses the others one by one instead. */
  pauseAll(paused: boolean): void;
  /** What is not named stays as it is. */
  setLimits(limits: Partial<QueueLimits>): void;
  /** To the job's question about that source; ignored where it asks something else by now. */
  answer(job: JobId, sourcePath: Path, answer: Answer): void;
  /** Forgets jobs that are over. */
  clear(): void;
  /** Tries at once where the next attempt to connect is waited for; not where the server has asked to wait. */
  reconnect(where?: Where): void;
  /**
   * Calls `listener` for every event until the returned function is called. What is known comes at once: connection, queue
   * and jobs.
   */
  onEvent(listener: (event: EngineEvent) => void): () => void;
  /**
   * Stops all jobs at once, closes the connections. Partial files stay, to be gone on with; a queue with a file keeps its jobs for
   * whoever moves next. Idempotent.
   */
  close(): Promise<void>;
}
