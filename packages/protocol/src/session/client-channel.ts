/**
 * The client's end of a session or lane: typed calls out, answers by id, events in. I/O thread.
 *
 * Closing: `close` says goodbye after what was sent; `abort` is now. Either settles every waiting call with an error.
 */

import { type BlockHeader, readBlockHeader } from '../content/block.ts';
import { BlockPool, blockContentAt } from '../content/block-pool.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Link } from '../link/link.ts';
import { decodeEvent, type ServerEvent } from '../messages/event.ts';
import { decodeFailure } from '../messages/failure.ts';
import { frameHeaderBytes } from '../wire/frame.ts';
import { Kind } from '../wire/kinds.ts';
import { decodeBody, encodeFramed, type Operation } from '../wire/operation.ts';
import { FrameLink } from './frame-link.ts';

export type ClientChannelOpts = {
  /** Buffers for blocks that arrive; default: a pool of this channel's own. */
  pool?: BlockPool;
  onEvent?: (event: ServerEvent) => void;
  /** Once, after all waiting calls have failed. */
  onEnd?: (error: FerryError) => void;
};

export type CallOpts<Part> = {
  signal?: AbortSignal;
  onPart?: (part: Part) => void;
  /**
   * A block of a read. `content` lies in a buffer that is used again when this returns, or when the promise that it returns
   * settles; the call's reply waits for that. A FerryError from either ends the call with it.
   */
  onBlock?: (header: BlockHeader, content: Buffer) => void | Promise<void>;
  /** Longest silence until the call fails with TIMEOUT, milliseconds. */
  timeoutMs?: number;
};

type Pending = {
  onReply: (body: Buffer) => void;
  onPart: (body: Buffer, isOwn: boolean) => void;
  onBlock: (header: BlockHeader, content: Buffer) => void | Promise<void>;
  /** Blocks that are still being taken care of; the reply waits for them. */
  blocks: Set<Promise<void>>;
  fail: (error: FerryError) => void;
  timeoutMs: number;
  heardMs: number;
};

export class ClientChannel {
  readonly #frames: FrameLink;
  readonly #pool: BlockPool;
  readonly #opts: ClientChannelOpts;
  readonly #pending = new Map<number, Pending>();
  /** Calls that wait for a free place, first come, first served. */
  readonly #queue: (() => void)[] = [];
  /** Places taken: by pending calls and by those about to be sent. */
  #taken = 0;
  readonly #sweep: NodeJS.Timeout;
  #nextId = 1;
  #end: FerryError | undefined;
  /** When the server last said that a long frame of ours is arriving. */
  #toldMs = 0;

  constructor(link: Link, opts: ClientChannelOpts = {}) {
    this.#opts = opts;
    this.#pool = opts.pool ?? new BlockPool();
    this.#sweep = setInterval(() => this.#expire(performance.now()), 1000);
    this.#sweep.unref();
    this.#frames = new FrameLink(link, {
      pool: this.#pool,
      pings: true,
      controlLimit: () => limits.laneFrameBytes,
      blocksWelcome: () => true,
      onPing: () => {
        this.#toldMs = performance.now();
      },
      onFrame: (kind, id, body, isOwn) => this.#receive(kind, id, body, isOwn),
      onBlock: (id, buffer, bodyBytes) => this.#receiveBlock(id, buffer, bodyBytes),
      onEnd: (error) =>
        this.#finish(error ?? new FerryError(Code.CONNECTION_LOST, 'the server closed the connection')),
    });
  }

  get link(): Link {
    return this.#frames.link;
  }

  /** Why the channel has ended; undefined while it lives. */
  get ended(): FerryError | undefined {
    return this.#end;
  }

  get rttMs(): number {
    return this.#frames.rttMs;
  }

  ping(): void {
    this.#frames.ping();
  }

  /** Since anything has arrived, milliseconds; 0 while nothing is read for a reason of our own. */
  quietMs(nowMs: number): number {
    return this.#frames.quietMs(nowMs);
  }

  /** As {@link quietMs}, of the time in which the answer to a ping was due. */
  silentMs(nowMs: number): number {
    return this.#frames.silentMs(nowMs);
  }

  /** Unanswered calls. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * One request. A cancelled call tells the server and is over at once; what the server did by then is done.
   * @throws {FerryError} the server's error; CANCELLED, TIMEOUT, CONNECTION_LOST; MALFORMED for an illegal answer
   */
  async call<Request, Part, Reply>(
    op: Operation<Request, Part, Reply>,
    request: Request,
    opts: CallOpts<Part> = {},
  ): Promise<Reply> {
    const frame = encodeFramed(op.request, request);
    const turn = this.#place(opts.signal);
    if (turn !== undefined) await turn;
    try {
      this.#checkWanted(opts.signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
    return new Promise<Reply>((resolve, reject) => {
      const id = this.#open(opts, reject, {
        onReply: (reply) => resolve(decodeBody(op.reply, reply)),
        onPart: (part, isOwn) =>
          opts.onPart?.(decodeBody(op.part, op.keeps && !isOwn ? Buffer.from(part) : part)),
      });
      this.#frames.sendFramed(op.kind, id, frame);
    });
  }

  /**
   * One block of an upload, from a buffer of the channel's pool with its content at blockContentAt. Resolves when the
   * server has verified and written it. `sent` says that the buffer may be used again; it is called exactly once,
   * also when the channel ends first.
   */
  async sendBlock(
    buffer: Buffer,
    header: BlockHeader,
    sent: () => void,
    opts: CallOpts<never> = {},
  ): Promise<void> {
    try {
      // No turn of the event loop is taken where none is needed: what is called first is sent first.
      const turn = this.#place(opts.signal);
      if (turn !== undefined) await turn;
    } catch (error) {
      sent();
      throw error;
    }
    try {
      if (!this.#frames.writable) await this.#frames.ready(opts.signal);
      this.#checkWanted(opts.signal);
    } catch (error) {
      this.#leave();
      sent();
      throw error;
    }
    await new Promise<void>((resolve, reject) => {
      const id = this.#open(opts, reject, { onReply: () => resolve(), onPart: () => {} });
      this.#frames.sendBlock(id, buffer, header, sent);
    });
  }

  /** False while the server has enough to take: wait for {@link ready}. */
  get writable(): boolean {
    return this.#frames.writable;
  }

  /** Resolves when more may be sent. @throws {FerryError} CONNECTION_LOST, CANCELLED */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#frames.ready(signal);
  }

  close(): void {
    this.#frames.close();
  }

  abort(error: FerryError): void {
    this.#frames.abort(error);
  }

  /** @throws {FerryError} CANCELLED, or why the channel has ended */
  #checkWanted(signal: AbortSignal | undefined): void {
    if (this.#end !== undefined) throw this.#end;
    if (signal?.aborted === true) throw new FerryError(Code.CANCELLED, 'cancelled');
  }

  /**
   * Takes a place among the calls in flight, waiting for one if it must; undefined when there was one. Whoever got one and
   * does not send leaves it.
   */
  #place(signal: AbortSignal | undefined): Promise<void> | undefined {
    this.#checkWanted(signal);
    if (this.#taken < limits.controlInFlight) {
      this.#taken += 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal?.removeEventListener('abort', cancel);
        if (this.#end !== undefined) reject(this.#end);
        else resolve();
      };
      const cancel = (): void => {
        this.#queue.splice(this.#queue.indexOf(settle), 1);
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
      };
      this.#queue.push(settle);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** The next in line has the place. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #open(
    opts: CallOpts<never> | CallOpts<unknown>,
    reject: (error: FerryError) => void,
    answers: Pick<Pending, 'onReply' | 'onPart'>,
  ): number {
    const id = this.#nextId;
    this.#nextId = id === 2 ** 32 - 1 ? 1 : id + 1;
    const { signal } = opts;
    const over = (): void => {
      signal?.removeEventListener('abort', cancel);
      if (this.#pending.delete(id)) this.#leave();
    };
    const fail = (error: FerryError): void => {
      over();
      reject(error);
    };
    const cancel = (): void => {
      this.#frames.send(Kind.cancel, id);
      fail(new FerryError(Code.CANCELLED, 'cancelled'));
    };
    this.#pending.set(id, {
      onReply: (body) => {
        over();
        answers.onReply(body);
      },
      onPart: answers.onPart,
      onBlock: opts.onBlock ?? (() => {}),
      blocks: new Set(),
      fail,
      timeoutMs: opts.timeoutMs ?? limits.requestMs,
      heardMs: performance.now(),
    });
    signal?.addEventListener('abort', cancel, { once: true });
    return id;
  }

  #receive(kind: number, id: number, body: Buffer, isOwn: boolean): void {
    if (kind === Kind.event) {
      const event = decodeEvent(body);
      if (event !== undefined) this.#opts.onEvent?.(event);
      if (event?.kind === 'closed') throw event.error;
      return;
    }
    if (kind === Kind.error && id === 0) throw decodeFailure(body);
    const pending = this.#pending.get(id);
    this.#hear(id);
    // Answers to calls that were cancelled or timed out still arrive.
    if (pending === undefined) return;
    try {
      if (kind === Kind.reply) this.#reply(pending, body);
      else if (kind === Kind.part) pending.onPart(body, isOwn);
      else if (kind === Kind.error) pending.fail(decodeFailure(body));
      else throw new FerryError(Code.UNKNOWN_MESSAGE, `the server sent a message of unknown kind ${kind}`);
    } catch (error) {
      this.#illegal(pending, error);
    }
  }

  /** At once, or when the blocks before it are taken care of; the frame's bytes do not live that long. */
  #reply(pending: Pending, body: Buffer): void {
    if (pending.blocks.size === 0) {
      pending.onReply(body);
      return;
    }
    const kept = Buffer.from(body);
    void Promise.all(pending.blocks).then(
      () => {
        try {
          pending.onReply(kept);
        } catch (error) {
          this.#illegal(pending, error);
        }
      },
      // The block that failed has ended the call.
      () => {},
    );
  }

  #receiveBlock(id: number, buffer: Buffer, bodyBytes: number): void {
    const pending = this.#pending.get(id);
    let taken: undefined | Promise<void>;
    this.#hear(id);
    try {
      if (pending === undefined) return;
      const body = buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes);
      const header = readBlockHeader(body);
      taken =
        pending.onBlock(header, buffer.subarray(blockContentAt, blockContentAt + header.length)) ?? undefined;
    } catch (error) {
      if (pending !== undefined) this.#illegal(pending, error);
    } finally {
      if (taken === undefined) this.#pool.give(buffer);
    }
    if (taken === undefined || pending === undefined) return;
    const blocks = pending.blocks;
    const done = taken
      .catch((error: unknown) => {
        if (!(error instanceof FerryError)) throw error;
        for (const [other, one] of this.#pending) if (one === pending) this.#frames.send(Kind.cancel, other);
        pending.fail(error);
      })
      .finally(() => {
        blocks.delete(done);
        this.#pool.give(buffer);
      });
    blocks.add(done);
  }

  /** An answer that could not be taken: the call fails with the reason and the server hears that it may stop. */
  #illegal(pending: Pending, error: unknown): void {
    if (!(error instanceof FerryError)) throw error;
    for (const [id, other] of this.#pending) if (other === pending) this.#frames.send(Kind.cancel, id);
    pending.fail(error);
    if (error.code === Code.UNKNOWN_MESSAGE || error.code === Code.MALFORMED) throw error;
  }

  /**
   * Something came for a call. A lane answers in order, so those behind it are not forgotten but wait for it; on a slow line
   * that may take long. What comes for a call that is over delays them all.
   */
  #hear(id: number): void {
    const nowMs = performance.now();
    let behind = !this.#pending.has(id);
    for (const [other, pending] of this.#pending) {
      behind ||= other === id;
      if (behind) pending.heardMs = nowMs;
    }
  }

  #expire(nowMs: number): void {
    // Who does not listen cannot say that nothing was said.
    if (this.#frames.paused) for (const pending of this.#pending.values()) pending.heardMs = nowMs;
    // On a slow line a block takes long: as long as its bytes move, here or there, nothing stands still.
    const movedMs = Math.max(this.#toldMs, this.#frames.arrivingMs);
    for (const [id, pending] of [...this.#pending]) {
      if (nowMs - Math.max(movedMs, pending.heardMs) <= pending.timeoutMs) continue;
      this.#frames.send(Kind.cancel, id);
      pending.fail(new FerryError(Code.TIMEOUT, 'the server did not answer in time'));
    }
  }

  #finish(error: FerryError): void {
    this.#end = error;
    clearInterval(this.#sweep);
    for (const pending of [...this.#pending.values()]) pending.fail(error);
    for (const settle of this.#queue.splice(0)) settle();
    this.#opts.onEnd?.(error);
  }
}
