/**
 * The engine itself: the server whose files are shown, the disk, and the queue. I/O thread, or inline in a command.
 */

import { Code, FerryError, type Path, show } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { type Fingerprint, hostPort } from '@ferry/protocol/session';
import { ChatClient } from '../client/chat.ts';
import type { ConnectionOpts } from '../client/connection.ts';
import { RemotePeople } from '../client/people.ts';
import { watchRemote } from '../client/remote-watching.ts';
import { remoteWorks } from '../client/remote-works.ts';
import { remoteShares } from '../client/shares.ts';
import { remoteTrash } from '../client/trash.ts';
import { type QueueServer, serverKey } from '../queue/stored-job.ts';
import type { Answer } from '../transfer/conflict.ts';
import { EditCopies } from './edit-copies.ts';
import type {
  AtServer,
  Engine,
  EngineEvent,
  JobAction,
  NewOrder,
  OpenServer,
  QueueLimits,
  Where,
} from './engine.ts';
import type { Job, JobId, Priority } from './job.ts';
import { JobQueue } from './job-queue.ts';
import { localSource } from './local-source.ts';
import { LocalWatching } from './local-watching.ts';
import { localWorks } from './local-works.ts';
import type { ServerWorks } from './server-works.ts';
import { type Line, Servers } from './servers.ts';
import type { FileSource } from './source.ts';
import type { Watching } from './watching.ts';

export type EngineOpts = {
  readonly address: Pick<QueueServer, 'host' | 'port' | 'user'>;
  readonly fingerprint: Fingerprint;
  readonly token: Uint8Array | undefined;
  readonly deviceKeyFile: string;
  /** As SessionSpec has it. */
  readonly knownServersFile?: string;
  /** The queue that this user's ferrys share; without one, jobs end with the program. */
  readonly queueFile?: string;
  /** Where copies of files that are edited lie; in the system's temporary folder by default. */
  readonly editFolder?: string;
  /** Name and version of the program, for the server's log. */
  readonly client: string;
  readonly attempts: ConnectionOpts['attempts'];
  /** Something is about to move: lanes are dialled beside the login and opened as soon as there is a session. */
  readonly isInHurry?: boolean;
  /** As StagingOpts.writesBeside: more than 1 where no screen wants the processor. */
  readonly writesBeside?: number;
};

/** Buffers of the I/O thread; uploads wait for one, downloads borrow one per lane. */
export const poolBuffers = 32;
/** How often the round trip shown is brought up to date. */
const refreshMs = 1000;

type OpenPlace = {
  readonly server: QueueServer;
  readonly line: Line;
  readonly works: ServerWorks;
  readonly at: AtServer & {
    readonly people: RemotePeople;
    readonly edits: EditCopies;
    readonly chat: ChatClient;
  };
};

export class EngineCore implements Engine {
  readonly remote;
  readonly local = localSource;
  readonly works: ServerWorks;
  readonly watching: Watching;
  readonly #opts: EngineOpts;
  readonly #pool: BlockPool;
  readonly #server: QueueServer;
  readonly #servers: Servers;
  readonly #line: Line;
  readonly #queue: JobQueue;
  readonly where: Where;
  /** The servers that panes may show, the first one among them. */
  readonly #places = new Map<Where, OpenPlace>();
  readonly #localWatching = new LocalWatching();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #refresher: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  /** @throws {FerryError} CONFIG when this device's key or the queue's file cannot be used */
  constructor(opts: EngineOpts) {
    const { address, fingerprint, token, deviceKeyFile, client, attempts, writesBeside = 1 } = opts;
    const pool = new BlockPool(poolBuffers);
    this.#opts = opts;
    this.#pool = pool;
    this.#server = { ...address, fingerprint };
    this.#servers = new Servers({
      deviceKeyFile,
      knownServersFile: opts.knownServersFile,
      client,
      attempts,
      pool,
    });
    // Before the connection, which would go on by itself if this threw.
    this.#queue = new JobQueue({
      queueFile: opts.queueFile,
      servers: this.#servers,
      ownKey: serverKey(this.#server),
      pool,
      writesBeside,
      emit: (event) => this.#emit(event),
    });
    this.#line = this.#servers.open(this.#server, {
      token,
      onStatus: (status) => this.#emit({ kind: 'connection', status }),
      onNotice: (text) => this.#emit({ kind: 'notice', text }),
      isInHurry: opts.isInHurry,
    });
    this.remote = this.#line.remote;
    this.works = remoteWorks(this.#line.connection);
    this.where = hostPort(address);
    this.#places.set(this.where, this.#opened(this.where, this.#server, this.#line, this.works));
    this.watching = {
      watch: (where, path, hears, opts) =>
        where === ''
          ? this.#localWatching.watch(path, hears, opts)
          : watchRemote(this.#placeAt(where).line.connection, path, hears, opts),
    };
    this.#refresher = setInterval(() => {
      for (const { line } of this.#places.values()) line.connection.refresh();
    }, refreshMs);
    this.#refresher.unref();
    if (opts.isInHurry === true) {
      const { connection, lanes } = this.#line;
      // Who asks the server for something hears why there is none.
      connection.session().then(
        () => lanes.prepare(Number.POSITIVE_INFINITY),
        () => {},
      );
    }
  }

  open({ token, ...server }: OpenServer): Where {
    const where = hostPort(server);
    const there = this.#places.get(where);
    // One that has given up is opened anew: its user may have mended what was wrong.
    if (there !== undefined && there.line.connection.status.phase !== 'closed') return where;
    if (there !== undefined) {
      this.#servers.release(there.line);
      there.at.people.close();
      there.at.chat.close();
    }
    const line = this.#servers.open(server, {
      token,
      onStatus: (status) => this.#emit({ kind: 'connection', status, where }),
      onNotice: (text) => this.#emit({ kind: 'notice', text }),
    });
    this.#places.set(where, this.#opened(where, server, line, remoteWorks(line.connection)));
    return where;
  }

  #opened(where: Where, server: QueueServer, line: Line, works: ServerWorks): OpenPlace {
    const { connection } = line;
    const at = where === this.where ? {} : { where };
    return {
      server,
      line,
      works,
      at: {
        shares: remoteShares(connection),
        trash: remoteTrash(connection),
        people: new RemotePeople(connection, (here) => this.#emit({ kind: 'people', here, ...at })),
        edits: new EditCopies({ line, pool: this.#pool, folder: this.#opts.editFolder }),
        chat: new ChatClient(connection, (news) => this.#emit({ kind: 'chat', news, ...at })),
      },
    };
  }

  at(where = this.where): AtServer {
    return this.#placeAt(where).at;
  }

  source(where: Where): FileSource {
    return where === '' ? this.local : this.#placeAt(where).line.remote;
  }

  worksAt(where: Where): ServerWorks {
    return where === '' ? localWorks : this.#placeAt(where).works;
  }

  #placeAt(where: Where): OpenPlace {
    const place = this.#places.get(where);
    if (place === undefined) throw new FerryError(Code.NOT_FOUND, `${show(where)} is not connected`);
    return place;
  }

  async submit(orders: readonly NewOrder[]): Promise<readonly JobId[]> {
    return this.#queue.add(
      orders.map(({ to = this.where, from, ...order }) => ({
        server: this.#placeAt(to).server,
        order: from === undefined ? order : { ...order, origin: this.#placeAt(from).server },
      })),
    );
  }

  act(action: JobAction, ids: readonly JobId[]): void {
    this.#queue.wish((store) => store.ask(action, ids));
  }

  setPriority(ids: readonly JobId[], priority: Priority): void {
    this.#queue.wish((store) => store.setPriority(ids, priority));
  }

  setLimit(ids: readonly JobId[], bytesPerSecond: number | undefined): void {
    this.#queue.wish((store) => store.setLimit(ids, bytesPerSecond));
  }

  pauseAll(paused: boolean): void {
    this.#queue.wish((store) => store.set({ pausedAll: paused }));
  }

  setLimits(limits: Partial<QueueLimits>): void {
    this.#queue.wish((store) =>
      store.set({
        ...('up' in limits ? { limitUp: limits.up } : {}),
        ...('down' in limits ? { limitDown: limits.down } : {}),
        ...(limits.timetable === undefined ? {} : { timetable: limits.timetable }),
      }),
    );
  }

  answer(job: JobId, sourcePath: Path, answer: Answer): void {
    this.#queue.wish((store) => store.answer(job, sourcePath, answer));
  }

  clear(): void {
    this.#queue.wish((store) => store.clear());
  }

  reconnect(where = this.where): void {
    this.#places.get(where)?.line.connection.retryNow();
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    for (const [where, { line }] of this.#places) {
      const { status } = line.connection;
      listener({ kind: 'connection', status, ...(where === this.where ? {} : { where }) });
    }
    for (const event of this.#queue.news()) listener(event);
    return () => this.#listeners.delete(listener);
  }

  /** All jobs now, in order of the queue. */
  jobs(): readonly Job[] {
    return this.#queue.jobs();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#refresher);
    this.#localWatching.close();
    const all = [...this.#places.values()];
    for (const { at } of all) {
      at.people.close();
      at.chat.close();
    }
    // Lanes end at once; what was under way is removed here while the server hears of it.
    const queue = this.#queue.close();
    this.#servers.close();
    await queue;
    for (const { at } of all) await at.edits.close();
  }

  #emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
