/**
 * The engine on a thread of its own, as the browser uses it: every call becomes a message and back. UI thread.
 */

import { Worker } from 'node:worker_threads';
import { Code, type Facts, FerryError, fromWireError, type Path, show } from '@ferry/protocol';
import { hostPort } from '@ferry/protocol/session';
import type { Answer } from '../transfer/conflict.ts';
import type { Chat, RoomInfo } from './chat.ts';
import type { EditCopy, Edits } from './edits.ts';
import type {
  AtServer,
  ConnectionStatus,
  Engine,
  EngineEvent,
  JobAction,
  NewOrder,
  OpenServer,
  QueueLimits,
  QueueStatus,
  Where,
} from './engine.ts';
import type { EngineOpts } from './engine-core.ts';
import { EntryPage } from './entry-page.ts';
import type { Job, JobId, Priority, Totals } from './job.ts';
import type {
  CallResult,
  ChatCall,
  EditCall,
  FromEngine,
  ShareCall,
  SourceCall,
  ToEngine,
  TrashCall,
} from './messages.ts';
import type { People, Person } from './people.ts';
import type { MadeShare, OwnShare, ServerShares } from './server-shares.ts';
import type { ServerTrash, TrashRow } from './server-trash.ts';
import type { ServerWorks, WorkResult, WorkWait } from './server-works.ts';
import type { FileSource, Range, Space, Wait } from './source.ts';
import type { DiffLine } from './text-diff.ts';
import type { WatchHears, Watching } from './watching.ts';

/** How long the thread may take to tidy up and say goodbye, milliseconds. */
const farewellMs = 2000;

type Waiting = {
  readonly resolve: (result: CallResult) => void;
  readonly reject: (error: FerryError) => void;
} & Hears;

/** What comes before the result. */
type Hears = Pick<WorkWait, 'onPage' | 'onProgress'> & WatchHears;

export class EngineThread implements Engine {
  readonly where: Where;
  readonly remote: FileSource;
  readonly local: FileSource = this.#source('');
  readonly works: ServerWorks;
  readonly watching: Watching = {
    watch: async (where, path, hears, opts = {}) =>
      (await this.#ask((id) => ({ kind: 'watch', id, where, path }), opts, hears)) as never,
  };
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #sources = new Map<Where, FileSource>();
  #status: ConnectionStatus = { phase: 'connecting', attempt: 1 };
  /** Of further servers. */
  readonly #statuses = new Map<Where, ConnectionStatus>();
  #queue: QueueStatus | undefined;
  /** As last told, for listeners that come later. */
  readonly #jobs = new Map<JobId, Job>();
  #totals: Totals = { doneBytes: 0, totalBytes: 0, rate: 0 };
  #nextId = 1;
  #closing: Promise<void> | undefined;
  #hasExited = false;
  #onClosed: () => void = () => {};

  constructor(opts: EngineOpts) {
    this.where = hostPort(opts.address);
    this.remote = this.#source(this.where);
    this.works = this.worksAt(this.where);
    this.#sources.set('', this.local).set(this.where, this.remote);
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: opts,
      name: 'ferry I/O',
      stderr: true,
    });
    // It would go over the screen; whoever has that decides when it is said.
    this.#worker.stderr.on('data', (text: Buffer) => process.emitWarning(text.toString('utf8').trim()));
    this.#worker.on('message', (message: FromEngine) => this.#receive(message));
    this.#worker.on('error', (cause) => {
      // A bug over there: the program ends with it, and its handler puts the terminal right first.
      throw cause;
    });
    this.#worker.once('exit', () => {
      this.#hasExited = true;
      for (const { reject } of this.#waiting.values()) reject(new FerryError(Code.CANCELLED, 'closed'));
      this.#waiting.clear();
      this.#onClosed();
    });
  }

  async submit(orders: readonly NewOrder[]): Promise<readonly JobId[]> {
    return (await this.#ask((id) => ({ kind: 'submit', id, orders }), {})) as readonly JobId[];
  }

  act(action: JobAction, ids: readonly JobId[]): void {
    this.#send({ kind: 'act', action, ids });
  }

  setPriority(ids: readonly JobId[], priority: Priority): void {
    this.#send({ kind: 'priority', ids, priority });
  }

  setLimit(ids: readonly JobId[], bytesPerSecond: number | undefined): void {
    this.#send({ kind: 'limit', ids, bytesPerSecond });
  }

  pauseAll(paused: boolean): void {
    this.#send({ kind: 'pause-all', paused });
  }

  setLimits(limits: Partial<QueueLimits>): void {
    this.#send({ kind: 'limits', limits });
  }

  answer(job: JobId, sourcePath: Path, answer: Answer): void {
    this.#send({ kind: 'answer', job, sourcePath, answer });
  }

  clear(): void {
    this.#send({ kind: 'clear' });
  }

  open(server: OpenServer): Where {
    const where = hostPort(server);
    this.#sources.set(where, this.#sources.get(where) ?? this.#source(where));
    this.#send({ kind: 'open', server });
    return where;
  }

  source(where: Where): FileSource {
    const source = this.#sources.get(where);
    if (source === undefined) throw new FerryError(Code.NOT_FOUND, `${show(where)} is not connected`);
    return source;
  }

  worksAt(where: Where): ServerWorks {
    return {
      run: async (order, opts = {}) =>
        (await this.#ask((id) => ({ kind: 'work', id, where, order }), opts, opts)) as WorkResult,
    };
  }

  at(where = this.where): AtServer {
    return {
      shares: this.#shares(where),
      trash: this.#trash(where),
      people: this.#people(where),
      edits: this.#edits(where),
      chat: this.#chat(where),
    };
  }

  reconnect(where = this.where): void {
    this.#send({ kind: 'reconnect', where });
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    listener({ kind: 'connection', status: this.#status });
    for (const [where, status] of this.#statuses) listener({ kind: 'connection', status, where });
    if (this.#queue !== undefined) listener({ kind: 'queue', status: this.#queue });
    if (this.#jobs.size > 0)
      listener({ kind: 'jobs', changed: [...this.#jobs.values()], removed: [], totals: this.#totals });
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#hasExited) {
        resolve();
        return;
      }
      const timer = setTimeout(() => void this.#worker.terminate(), farewellMs);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#send({ kind: 'close' });
    });
    return this.#closing;
  }

  #people(where: Where): People {
    return {
      list: async (opts = {}) =>
        (await this.#ask((id) => ({ kind: 'people', id, where }), opts)) as readonly Person[],
      show: (activity) => this.#send({ kind: 'show', where, activity }),
    };
  }

  #trash(where: Where): ServerTrash {
    const ask = (call: TrashCall, opts: Wait = {}): Promise<CallResult> =>
      this.#ask((id) => ({ kind: 'trash', id, where, call }), opts);
    return {
      list: async ({ most, ...opts } = {}) =>
        (await ask({ verb: 'list', most }, opts)) as readonly TrashRow[],
      drop: async (deletion, opts) => {
        await ask({ verb: 'drop', deletion }, opts);
      },
    };
  }

  #shares(where: Where): ServerShares {
    const ask = (call: ShareCall, opts: Wait = {}): Promise<CallResult> =>
      this.#ask((id) => ({ kind: 'share', id, where, call }), opts);
    return {
      make: async (wish, opts) => (await ask({ verb: 'make', wish }, opts)) as MadeShare,
      list: async (opts) => (await ask({ verb: 'list' }, opts)) as readonly OwnShare[],
      end: async (share, opts) => {
        await ask({ verb: 'end', share }, opts);
      },
    };
  }

  #edits(where: Where): Edits {
    const ask = (call: EditCall, opts: Wait = {}): Promise<CallResult> =>
      this.#ask((id) => ({ kind: 'edit', id, where, call }), opts);
    return {
      fetch: async (path, opts) => (await ask({ verb: 'fetch', path }, opts)) as EditCopy,
      digest: async (copy, opts) => (await ask({ verb: 'digest', copy }, opts)) as string,
      store: async (spec, opts) => (await ask({ verb: 'store', spec }, opts)) as Facts,
      difference: async (copy, path, opts) =>
        (await ask({ verb: 'difference', copy, path }, opts)) as readonly DiffLine[],
      leftovers: async () => (await ask({ verb: 'leftovers' })) as readonly Path[],
      leave: async (copy) => {
        await ask({ verb: 'leave', copy });
      },
      drop: async (copy) => {
        await ask({ verb: 'drop', copy });
      },
    };
  }

  #chat(where: Where): Chat {
    const ask = (call: ChatCall, opts: Wait = {}): Promise<CallResult> =>
      this.#ask((id) => ({ kind: 'chat', id, where, call }), opts);
    return {
      rooms: async (opts) => (await ask({ verb: 'rooms' }, opts)) as readonly RoomInfo[],
      join: async (ref, { passphrase, create, ...opts }) => {
        await ask({ verb: 'join', ref, passphrase, create }, opts);
      },
      leave: (ref) => void ask({ verb: 'leave', ref }).catch(() => {}),
      say: async (ref, text, path, opts) => {
        await ask({ verb: 'say', ref, text, path }, opts);
      },
      unsay: async (ref, seq, opts) => {
        await ask({ verb: 'unsay', ref, seq }, opts);
      },
      mute: async (name, ms, opts) => {
        await ask({ verb: 'mute', name, ms }, opts);
      },
    };
  }

  #source(where: Where): FileSource {
    const call = (source: SourceCall, opts: Wait = {}, hears?: Hears): Promise<CallResult> =>
      this.#ask((id) => ({ kind: 'call', id, call: source }), opts, hears);
    return {
      list: async (path, onPage, opts) => {
        await call({ verb: 'list', where, path }, opts, { onPage });
      },
      stat: async (path, opts) => (await call({ verb: 'stat', where, path }, opts)) as Facts,
      mkdir: async (path, opts) => {
        await call({ verb: 'mkdir', where, path }, opts);
      },
      rename: async (path, to, opts) => {
        await call({ verb: 'rename', where, path, to }, opts);
      },
      remove: async (path, opts) => {
        await call({ verb: 'remove', where, path }, opts);
      },
      setFacts: async (path, { modified, mode }, opts) => {
        await call({ verb: 'setFacts', where, path, modified, mode }, opts);
      },
      readLink: async (path, opts) => (await call({ verb: 'readLink', where, path }, opts)) as string,
      makeLink: async (path, target, opts) => {
        await call({ verb: 'makeLink', where, path, target }, opts);
      },
      readRange: async (path, range, opts) =>
        (await call({ verb: 'readRange', where, path, range }, opts)) as Range,
      space: async (path, opts) => (await call({ verb: 'space', where, path }, opts)) as Space,
    };
  }

  #ask(message: (id: number) => ToEngine, { signal }: Wait, hears: Hears = {}): Promise<CallResult> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true || this.#hasExited) {
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
        return;
      }
      const cancel = (): void => {
        this.#waiting.delete(id);
        this.#send({ kind: 'cancel', id });
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
      };
      const over = (): void => signal?.removeEventListener('abort', cancel);
      this.#waiting.set(id, {
        resolve: (result) => {
          over();
          resolve(result);
        },
        reject: (error) => {
          over();
          reject(error);
        },
        onPage: hears.onPage,
        onProgress: hears.onProgress,
        onWatched: hears.onWatched,
        onChange: hears.onChange,
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#send(message(id));
    });
  }

  #send(message: ToEngine): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromEngine): void {
    switch (message.kind) {
      case 'event':
        this.#remember(message.event);
        for (const listener of [...this.#listeners]) listener(message.event);
        break;
      case 'broken': {
        this.#status = { phase: 'closed', error: message.error };
        for (const listener of [...this.#listeners]) listener({ kind: 'connection', status: this.#status });
        break;
      }
      case 'page':
        this.#waiting.get(message.id)?.onPage?.(new EntryPage(message.page));
        break;
      case 'watched':
        this.#waiting.get(message.id)?.onWatched?.(message.pollMs);
        break;
      case 'change':
        this.#waiting.get(message.id)?.onChange?.(message.change);
        break;
      case 'progress':
        this.#waiting.get(message.id)?.onProgress?.(message.progress);
        break;
      case 'done':
        this.#take(message.id)?.resolve(message.result);
        break;
      case 'failed':
        this.#take(message.id)?.reject(fromWireError(message.error));
        break;
      case 'closed':
        break;
    }
  }

  #remember(event: EngineEvent): void {
    if (event.kind === 'connection') {
      if (event.where === undefined) this.#status = event.status;
      else this.#statuses.set(event.where, event.status);
    } else if (event.kind === 'queue') this.#queue = event.status;
    else if (event.kind === 'jobs') {
      for (const job of event.changed) this.#jobs.set(job.id, job);
      for (const id of event.removed) this.#jobs.delete(id);
      this.#totals = event.totals;
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
