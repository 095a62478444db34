/**
 * The server's end of a session or lane: requests in, through a table of handlers, answers out. I/O (worker) threads.
 *
 * The table decides what is allowed now; it may be exchanged when the state changes (after login). Whatever a handler
 * throws becomes one error frame; a broken invariant (anything but a FerryError) crashes the thread.
 */

import type { BlockHeader } from '../content/block.ts';
import type { BlockPool } from '../content/block-pool.ts';
import { asFerryError, Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Link } from '../link/link.ts';
import { encodeEvent, type ServerEvent } from '../messages/event.ts';
import { encodeFailure } from '../messages/failure.ts';
import { frameHeaderBytes } from '../wire/frame.ts';
import { Kind, kindName } from '../wire/kinds.ts';
import { decodeBody, encodeBody, encodeFramed, type Operation } from '../wire/operation.ts';
import { FrameLink } from './frame-link.ts';
import { Hold } from './hold.ts';
import { paidWithOneMore, restMsFor } from './request-pace.ts';

/** Unknown messages until the peer is taken for hostile. */
const strikes = 3;

/** One request being served. */
export type ServerCall<Part> = {
  readonly id: number;
  /** Aborted when the client cancels or is gone. */
  readonly signal: AbortSignal;
  /** Sends a part of the answer; wait for `ready` when it says false. */
  part: (part: Part) => boolean;
  /** Sends a block of the answer, see FrameLink.sendBlock. */
  block: (buffer: Buffer, header: BlockHeader, sent: () => void) => boolean;
  /** Resolves when more may be sent. @throws {FerryError} CONNECTION_LOST, CANCELLED */
  ready: () => Promise<void>;
  /** For whoever watches a handler: its reply before it is encoded. */
  onReply?: (reply: unknown) => void;
};

/** Made with {@link handler}. Every session has one of each kind, also while it does nothing: it has to be small. */
export type Handler = {
  readonly op: Operation<unknown, unknown, unknown>;
  readonly serve: (body: Buffer, call: ServerCall<unknown>) => Promise<Buffer>;
};

/** Handlers by kind; asked with each message. */
export type Handlers = { readonly get: (kind: number) => Handler | undefined };

export function handler<Request, Part, Reply>(
  op: Operation<Request, Part, Reply>,
  serve: (request: Request, call: ServerCall<Part>) => Promise<Reply> | Reply,
): readonly [number, Handler] {
  return [
    op.kind,
    {
      op: op as unknown as Handler['op'],
      serve: async (body, call) => {
        const request = decodeBody(op.request, body);
        const reply = await serve(request, call as ServerCall<Part>);
        call.onReply?.(reply);
        return encodeBody(op.reply, reply);
      },
    },
  ];
}

/** How fast a connection may move: each tells how long to wait after so many bytes, milliseconds. */
export type Pacing = {
  readonly received: (bytes: number) => number;
  readonly sent: (bytes: number) => number;
};

/** Counts what a channel does, by the kind of the request. Called for every message: it has to be cheap. */
export type ChannelMeter = {
  /** Body of a request, or a block. */
  readonly received: (kind: number, bytes: number) => void;
  /** Part of an answer. */
  readonly sent: (kind: number, bytes: number) => void;
  /** Once for each request, with its answer; `ms` since the request came, waits for the client included. */
  readonly served: (kind: number, ms: number, error: FerryError | undefined) => void;
};

/** Told what a thread is busy with: when it dies, that is all that is known. Called for every message. */
export type ChannelWork = {
  /** A message is looked at; until `over` nothing else runs on the thread. */
  readonly begin: () => void;
  readonly over: () => void;
};

export type ServerChannelOpts = {
  pool: BlockPool;
  handlers: Handlers;
  /** Largest body before `handlers` were exchanged; limits.helloFrameBytes until then. */
  controlLimit?: number;
  /** A block of an upload, on lanes only. The buffer goes back to the pool when the promise settles. */
  onBlock?: (buffer: Buffer, bodyBytes: number) => Promise<void>;
  /** Every error that is answered, for the log. */
  onFailure?: (kind: number, error: FerryError) => void;
  meter?: ChannelMeter;
  work?: ChannelWork;
  /** Once. */
  onEnd: (error: FerryError | undefined) => void;
};

export class ServerChannel {
  readonly #frames: FrameLink;
  readonly #opts: ServerChannelOpts;
  readonly #calls = new Map<number, AbortController>();
  #handlers: Handlers;
  #controlLimit: number;
  #onBlock: ServerChannelOpts['onBlock'];
  #pacing: Pacing | undefined;
  readonly #hold: Hold;
  #unknown = 0;
  /** Bodies of requests that are being served. */
  #heldBytes = 0;
  #held = false;
  /** See request-pace.ts. */
  #paidMs = 0;

  constructor(link: Link, opts: ServerChannelOpts) {
    this.#opts = opts;
    this.#handlers = opts.handlers;
    this.#controlLimit = opts.controlLimit ?? limits.helloFrameBytes;
    this.#onBlock = opts.onBlock;
    this.#hold = new Hold(
      () => this.#frames.pause(),
      () => this.#frames.resume(),
    );
    this.#frames = new FrameLink(link, {
      pool: opts.pool,
      pings: false,
      controlLimit: () => this.#controlLimit,
      blocksWelcome: () => this.#onBlock !== undefined,
      onFrame: (kind, id, body, isOwn) => this.#atWork(() => this.#receive(kind, id, body, isOwn)),
      onBlock: (id, buffer, bodyBytes) => this.#atWork(() => this.#receiveBlock(id, buffer, bodyBytes)),
      onRead: (bytes) => this.#hold.extend(this.#pacing?.received(bytes) ?? 0),
      onEnd: (error) => this.#finish(error),
    });
  }

  get link(): Link {
    return this.#frames.link;
  }

  /** Bytes so far, as FrameLink.moved. */
  get moved(): { readonly received: number; readonly sent: number } {
    return this.#frames.moved;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** After login: another table, larger messages, and blocks and a pace if this is a lane. */
  become(
    handlers: Handlers,
    controlLimit: number,
    onBlock?: ServerChannelOpts['onBlock'],
    pacing?: Pacing,
  ): void {
    this.#handlers = handlers;
    this.#pacing = pacing;
    this.#controlLimit = controlLimit;
    this.#onBlock = onBlock;
  }

  /** What comes meanwhile is looked at when `work` has settled: it may become something else by it. */
  async holdFor<T>(work: Promise<T>): Promise<T> {
    this.#frames.pause();
    try {
      return await work;
    } finally {
      // Behind what whoever waits for it does next.
      setImmediate(() => this.#frames.resume());
    }
  }

  sendEvent(event: ServerEvent): void {
    this.#frames.send(Kind.event, 0, encodeEvent(event));
  }

  /** An event that was encoded before, for many. */
  sendEncodedEvent(body: Uint8Array): void {
    this.#frames.send(Kind.event, 0, body);
  }

  /** False while the peer does not take what was sent: events that can wait should, for `ready`. */
  get writable(): boolean {
    return this.#frames.writable;
  }

  /** Resolves when the peer takes something again. @throws {FerryError} CONNECTION_LOST */
  ready(): Promise<void> {
    return this.#frames.ready();
  }

  close(): void {
    this.#frames.close();
  }

  /** Says why in a last frame, then ends. */
  refuse(error: FerryError): void {
    this.#frames.send(Kind.error, 0, encodeFailure(error));
    this.#frames.close();
  }

  /** Says why in an event, gives up what is under way, and closes. */
  end(error: FerryError): void {
    this.sendEvent({ kind: 'closed', error });
    this.#handlers = new Map();
    this.close();
    for (const controller of this.#calls.values()) controller.abort();
  }

  abort(error: FerryError): void {
    this.#frames.abort(error);
  }

  #atWork(look: () => void): void {
    const { work } = this.#opts;
    work?.begin();
    try {
      look();
    } finally {
      work?.over();
    }
  }

  #receive(kind: number, id: number, body: Buffer, isOwn: boolean): void {
    if (kind === Kind.cancel) {
      this.#calls.get(id)?.abort();
      return;
    }
    const found = this.#handlers.get(kind);
    if (found === undefined) {
      this.#refuseKind(kind, id);
      return;
    }
    // The frame's bytes are gone after this call, and handlers decode before their first await.
    const request = found.op.keeps && !isOwn ? Buffer.from(body) : body;
    this.#payForRequest();
    this.#serve(kind, id, body.length, body.length, (call) =>
      found.serve(request, {
        ...call,
        part: (part) => this.#sendPart(kind, id, encodeFramed(found.op.part, part)),
      }),
    );
  }

  #receiveBlock(id: number, buffer: Buffer, bodyBytes: number): void {
    const onBlock = this.#onBlock;
    if (onBlock === undefined || this.#calls.has(id)) {
      this.#opts.pool.give(buffer);
      throw onBlock === undefined ? new FerryError(Code.BAD_STATE, 'blocks travel only on lanes') : idInUse();
    }
    this.#serve(Kind.block, id, bodyBytes, 0, async () => {
      try {
        await onBlock(buffer, bodyBytes);
      } finally {
        this.#opts.pool.give(buffer);
      }
      return emptyTuple;
    });
  }

  #serve(
    kind: number,
    id: number,
    bytes: number,
    heldBytes: number,
    run: (call: Omit<ServerCall<unknown>, 'part'>) => Promise<Buffer>,
  ): void {
    if (this.#calls.has(id)) throw idInUse();
    const { meter } = this.#opts;
    const beganMs = performance.now();
    meter?.received(kind, bytes);
    const controller = new AbortController();
    this.#calls.set(id, controller);
    this.#heldBytes += heldBytes;
    this.#holdWhileBusy();
    const call = {
      id,
      signal: controller.signal,
      block: (buffer: Buffer, header: BlockHeader, sent: () => void) => {
        const goOn = this.#frames.sendBlock(id, buffer, header, sent);
        meter?.sent(kind, header.length);
        return this.#charge(header.length) && goOn;
      },
      ready: async () => {
        await this.#hold.over(controller.signal);
        await this.#frames.ready(controller.signal);
      },
    };
    void run(call).then(
      (reply) => {
        this.#over(id, heldBytes);
        meter?.served(kind, performance.now() - beganMs, undefined);
        this.#send(kind, Kind.reply, id, reply);
      },
      (thrown: unknown) => {
        this.#over(id, heldBytes);
        const error = asFerryError(thrown, () => {
          // The thread dies of it, and of nothing that it does meanwhile.
          this.#opts.work?.begin();
          throw thrown;
        });
        meter?.served(kind, performance.now() - beganMs, error);
        this.#frames.send(Kind.error, id, encodeFailure(error));
        this.#opts.onFailure?.(kind, error);
        if (error.code === Code.MALFORMED) this.close();
      },
    );
  }

  /** False when the peer has enough for now, or the pace says so. */
  #sendPart(request: number, id: number, frame: Buffer): boolean {
    const bytes = frame.length - frameHeaderBytes;
    const goOn = this.#frames.sendFramed(Kind.part, id, frame);
    this.#opts.meter?.sent(request, bytes);
    return this.#charge(bytes) && goOn;
  }

  /** As {@link #sendPart}. */
  #send(request: number, kind: Kind, id: number, body: Buffer): boolean {
    const goOn = this.#frames.send(kind, id, body);
    this.#opts.meter?.sent(request, body.length);
    return this.#charge(body.length) && goOn;
  }

  #charge(bytes: number): boolean {
    this.#hold.extend(this.#pacing?.sent(bytes) ?? 0);
    return !this.#hold.isOn;
  }

  #over(id: number, heldBytes: number): void {
    this.#calls.delete(id);
    this.#heldBytes -= heldBytes;
    if (this.#held && !this.#isBusy) {
      this.#held = false;
      this.#frames.resume();
    }
  }

  get #isBusy(): boolean {
    return this.#calls.size >= limits.controlInFlight || this.#heldBytes >= limits.bytesInFlight;
  }

  /** A client that pipelines more than it may is not read from until some of it is answered. */
  #holdWhileBusy(): void {
    if (this.#held || !this.#isBusy) return;
    this.#held = true;
    this.#frames.pause();
  }

  #payForRequest(): void {
    const nowMs = performance.now();
    this.#paidMs = paidWithOneMore(this.#paidMs, nowMs);
    this.#hold.extend(restMsFor(this.#paidMs, nowMs));
  }

  #refuseKind(kind: number, id: number): void {
    const known = !kindName(kind).startsWith('0x');
    const error = known
      ? new FerryError(Code.BAD_STATE, `a "${kindName(kind)}" message is not allowed here`)
      : new FerryError(Code.UNKNOWN_MESSAGE, `there is no message of kind ${kind}`);
    this.#unknown += 1;
    this.#opts.onFailure?.(kind, error);
    if (this.#unknown < strikes) this.#frames.send(Kind.error, id, encodeFailure(error));
    else this.refuse(error);
  }

  #finish(error: FerryError | undefined): void {
    for (const controller of this.#calls.values()) controller.abort();
    this.#hold.end();
    this.#opts.onEnd(error);
  }
}

const emptyTuple = Buffer.from([0x90]);

function idInUse(): FerryError {
  return new FerryError(Code.BAD_STATE, 'a request id is in use already');
}
