/**
 * Frames over a link, with what keeps a link honest: bounds per frame, a deadline for a frame begun, pings when it is
 * silent, an end when it is dead or stalled. Both ends' channels are built on it; I/O threads.
 */

import { type BlockHeader, blockFlagsAt, blockHeaderBytes, writeBlockHeader } from '../content/block.ts';
import { type BlockPool, blockContentAt } from '../content/block-pool.ts';
import { SqueezePolicy, squeeze, squeezedFlag, zeroFlag } from '../content/squeeze.ts';
import { isZero } from '../content/zeros.ts';
import { asFerryError, Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Link } from '../link/link.ts';
import { encodeFrame, FrameDecoder, frameHeaderBytes, writeFrameHeader } from '../wire/frame.ts';
import { Kind } from '../wire/kinds.ts';
import { unsqueezeFrame } from './unsqueeze-frame.ts';

const empty = Buffer.alloc(0);

/** Ids of pings. */
const measuredPing = 0;
const unmeasuredPing = 1;

/**
 * Who keeps to `ready` never has this much unsent. Beyond it the peer asks without taking the answers, and is not read
 * from until it has.
 */
const overfullBytes = 4 * limits.linkBufferBytes;

export type FrameLinkOpts = {
  pool: BlockPool;
  /** Largest control body accepted now; blocks have their own limit. */
  controlLimit: () => number;
  /** Whether block frames are accepted now. */
  blocksWelcome: () => boolean;
  /** `body` is valid only during the call, unless it is the callee's own. @throws to end the link with that error */
  onFrame: (kind: number, id: number, body: Buffer, isOwn: boolean) => void;
  /**
   * A block frame: `buffer` is the pool's, content starts at blockContentAt, the block header right before it; the callee
   * gives it back to the pool. @throws to end the link (having given the buffer back)
   */
  onBlock: (id: number, buffer: Buffer, bodyBytes: number) => void;
  onDrain?: () => void;
  onPing?: () => void;
  /** Bytes have arrived; they are looked at next, unless it pauses. */
  onRead?: (bytes: number) => void;
  /** Once. `error` is undefined after a clean end by either side. */
  onEnd: (error: FerryError | undefined) => void;
  /** Sends pings when silent (the client's part; the server answers, and says so when a frame takes long that is arriving). */
  pings: boolean;
};

export class FrameLink {
  readonly link: Link;
  readonly #opts: FrameLinkOpts;
  readonly #decoder: FrameDecoder;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<() => void>();
  /** Blocks on their way out whose buffers are still the link's. */
  readonly #owed = new Set<() => void>();
  #blockBuffer: Buffer | undefined;
  /** What arrived in one piece with the frame after which reading had to stop. */
  #rest: Buffer = empty;
  #decoding = false;
  readonly #squeezing = new SqueezePolicy();
  /** Ends the wait for a block buffer. */
  #stopWaiting: (() => void) | undefined;
  #heardMs = performance.now();
  #frameBeganMs = 0;
  #movedMs = performance.now();
  #full = false;
  #overfull = false;
  #closing = false;
  #ended = false;
  #pauses = 0;
  #pingMs = 0;
  #pinged = false;
  /** When the last ping went out, measured or not. */
  #saidMs = 0;
  /** Round trip of the last ping, milliseconds; 0 before the first. */
  rttMs = 0;
  /** Bytes of frames so far, before encryption; what is sent counts when it is handed on. */
  readonly moved = { received: 0, sent: 0 };

  constructor(link: Link, opts: FrameLinkOpts) {
    this.link = link;
    this.#opts = opts;
    this.#decoder = new FrameDecoder({
      bodyLimit: (kind) => this.#bodyLimit(kind),
      allocate: (kind) => {
        if (kind !== Kind.block) return undefined;
        this.#blockBuffer = opts.pool.takeAnyway();
        return { buffer: this.#blockBuffer, at: frameHeaderBytes };
      },
      mayBegin: (kind) => this.#mayBegin(kind),
      onFrame: (kind, id, body, isOwn) => this.#receive(kind, id, body, isOwn),
    });
    this.#timer = setInterval(() => this.#watch(performance.now()), limits.pingMs / 3);
    this.#timer.unref();
    link.start({
      onData: (bytes) => this.#read(bytes),
      onDrain: () => this.#drained(),
      onEnd: (error) => this.#finish(error),
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** False while the peer has enough to take: wait for `ready` before sending more than replies. */
  get writable(): boolean {
    return !this.#full;
  }

  send(kind: Kind, id: number, body: Uint8Array = empty): boolean {
    return this.#sendBytes(encodeFrame(kind, id, body));
  }

  /** @param frame as encodeFramed gives it; it is the link's from now on */
  sendFramed(kind: Kind, id: number, frame: Buffer): boolean {
    writeFrameHeader(frame, 0, kind, id, frame.length - frameHeaderBytes);
    return this.#sendBytes(frame);
  }

  /**
   * Sends one block from a buffer of the pool whose content lies at blockContentAt. `sent` is called exactly once, when
   * the buffer may be used again: the bytes are handed on, or the link has ended.
   */
  sendBlock(id: number, buffer: Buffer, header: BlockHeader, sent: () => void): boolean {
    if (this.#ended) {
      sent();
      return true;
    }
    writeBlockHeader(buffer, frameHeaderBytes, header);
    const travelling = this.#squeeze(buffer, header.length);
    writeFrameHeader(buffer, 0, Kind.block, id, blockHeaderBytes + travelling);
    this.#owed.add(sent);
    const sinceMs = performance.now();
    return this.#sendBytes(buffer.subarray(0, blockContentAt + travelling), () => {
      if (travelling > limits.blockBytes / 2) this.#squeezing.took(performance.now() - sinceMs);
      if (this.#owed.delete(sent)) sent();
    });
  }

  /** Packs the content in place where that pays; gives the bytes that travel. */
  #squeeze(buffer: Buffer, length: number): number {
    if (isZero(buffer.subarray(blockContentAt, blockContentAt + length))) {
      buffer.writeUInt8(zeroFlag, frameHeaderBytes + blockFlagsAt);
      return 0;
    }
    if (length < limits.blockBytes / 2 || !this.#squeezing.wants()) return length;
    const packed = squeeze(buffer.subarray(blockContentAt, blockContentAt + length));
    this.#squeezing.tried(packed !== undefined);
    if (packed === undefined) return length;
    buffer.set(packed, blockContentAt);
    buffer.writeUInt8(squeezedFlag, frameHeaderBytes + blockFlagsAt);
    return packed.length;
  }

  #unsqueezeOrGive(buffer: Buffer, bodyBytes: number): number {
    try {
      return unsqueezeFrame(buffer, bodyBytes);
    } catch (error) {
      this.#opts.pool.give(buffer);
      throw error;
    }
  }

  #sendBytes(bytes: Buffer, sent?: () => void): boolean {
    this.moved.sent += bytes.length;
    const more = this.link.send(bytes, () => {
      this.#movedMs = performance.now();
      sent?.();
    });
    if (!more) this.#full = true;
    if (!this.#overfull && this.link.bufferedBytes > overfullBytes) {
      this.#overfull = true;
      this.pause();
    }
    return more;
  }

  /** Resolves when more may be sent. @throws {FerryError} CONNECTION_LOST once the link has ended, CANCELLED */
  ready(signal?: AbortSignal): Promise<void> {
    if (!this.#full && !this.#ended) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal?.removeEventListener('abort', settle);
        if (this.#ended) reject(new FerryError(Code.CONNECTION_LOST, 'the connection was lost'));
        else if (signal?.aborted === true) reject(new FerryError(Code.CANCELLED, 'cancelled'));
        else resolve();
      };
      this.#waiting.add(settle);
      signal?.addEventListener('abort', settle, { once: true });
      if (this.#ended || signal?.aborted === true) settle();
    });
  }

  /** True while nothing is read for a reason of our own: the peer's silence then says nothing about the peer. */
  get paused(): boolean {
    return this.#pauses > 0;
  }

  /** No further frame is looked at until as many `resume`s; counted, because several reasons may hold it at once. */
  pause(): void {
    this.#pauses += 1;
    if (this.#pauses === 1 && !this.#closing) this.link.pause();
  }

  resume(): void {
    this.#pauses -= 1;
    if (this.#pauses > 0 || this.#closing || this.#ended) return;
    this.#heardMs = performance.now();
    this.#frameBeganMs = this.#heardMs;
    // Who resumes from within a frame's handling goes on with the next one by itself.
    if (!this.#decoding) {
      const rest = this.#rest;
      this.#rest = empty;
      this.#decode(rest);
    }
    if (this.#pauses === 0) this.link.resume();
  }

  /** What arrives from now on is not looked at. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#heardMs = performance.now();
    this.link.close();
    // Only who reads sees the peer's end.
    if (this.#pauses > 0) this.link.resume();
  }

  abort(error: FerryError): void {
    this.#closing = true;
    this.link.abort(error);
  }

  #bodyLimit(kind: number): number {
    if (kind !== Kind.block) return this.#opts.controlLimit();
    if (!this.#opts.blocksWelcome()) throw new FerryError(Code.BAD_STATE, 'blocks travel only on lanes');
    return limits.blockFrameBytes;
  }

  #read(bytes: Buffer): void {
    if (this.#ended || this.#closing) return;
    this.moved.received += bytes.length;
    this.#heardMs = performance.now();
    this.#opts.onRead?.(bytes.length);
    if (this.#rest.length === 0) this.#decode(bytes);
    else this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  #decode(bytes: Buffer): void {
    const wasInside = this.#decoder.inside;
    this.#decoding = true;
    try {
      const taken = this.#decoder.push(bytes);
      if (taken < bytes.length) this.#rest = Buffer.from(bytes.subarray(taken));
    } catch (error) {
      this.abort(asFerryError(error));
      return;
    } finally {
      this.#decoding = false;
    }
    if (!wasInside || !this.#decoder.inside) this.#frameBeganMs = this.#heardMs;
  }

  /** Not while somebody holds reading, and a block not before there is a buffer for it. */
  #mayBegin(kind: number): boolean {
    if (this.#pauses > 0 || this.#closing) return false;
    const { pool } = this.#opts;
    if (kind !== Kind.block || !pool.exhausted) return true;
    this.pause();
    this.#stopWaiting = pool.onFree(() => {
      this.#stopWaiting = undefined;
      this.resume();
    });
    return false;
  }

  #receive(kind: number, id: number, body: Buffer, isOwn: boolean): void {
    this.#frameBeganMs = this.#heardMs;
    const buffer = this.#blockBuffer;
    this.#blockBuffer = undefined;
    if (kind === Kind.block) {
      if (buffer === undefined) throw new Error('a block frame without its buffer');
      const bodyBytes = this.#unsqueezeOrGive(buffer, body.length);
      this.#opts.onBlock(id, buffer, bodyBytes);
    } else if (kind === Kind.ping) {
      this.send(Kind.pong, id);
      this.#opts.onPing?.();
    } else if (kind === Kind.pong) {
      if (id !== measuredPing) return;
      this.#pinged = false;
      this.rttMs = this.#heardMs - this.#pingMs;
    } else {
      this.#opts.onFrame(kind, id, body, isOwn);
    }
  }

  #drained(): void {
    this.#full = false;
    if (this.#overfull) {
      this.#overfull = false;
      this.resume();
    }
    this.#movedMs = performance.now();
    for (const wake of [...this.#waiting]) wake();
    this.#opts.onDrain?.();
  }

  /** Since anything has arrived, milliseconds; 0 while nothing is read for a reason of our own. */
  quietMs(nowMs: number): number {
    return this.#pauses > 0 ? 0 : nowMs - this.#heardMs;
  }

  /** As {@link quietMs}, of the time in which the answer to a ping was due. */
  silentMs(nowMs: number): number {
    return this.#pinged ? Math.min(this.quietMs(nowMs), nowMs - this.#pingMs) : 0;
  }

  /** When bytes of a frame came that is not whole yet; 0: there is none. */
  get arrivingMs(): number {
    return this.#decoder.inside ? this.#heardMs : 0;
  }

  /** Measures the round trip now. */
  ping(): void {
    if (this.#pinged || this.#ended) return;
    this.#pinged = true;
    this.#pingMs = performance.now();
    this.#saidMs = this.#pingMs;
    this.send(Kind.ping, measuredPing);
  }

  /** A pong may lie behind minutes of blocks; the peer must hear of us meanwhile. */
  #keepAlive(nowMs: number): void {
    if (!this.#pinged) this.ping();
    else if (nowMs - this.#saidMs >= limits.pingMs) {
      this.#saidMs = nowMs;
      this.send(Kind.ping, unmeasuredPing);
    }
  }

  #watch(nowMs: number): void {
    const reading = this.#pauses === 0 || this.#closing;
    const lookMs = limits.pingMs / 3;
    if (reading && nowMs - this.#heardMs > limits.deadMs) {
      this.abort(new FerryError(Code.TIMEOUT, 'the other side has gone silent'));
    } else if (reading && this.#decoder.inside && nowMs - this.#frameBeganMs > limits.frameMs) {
      this.abort(new FerryError(Code.TIMEOUT, 'a message took too long to arrive'));
    } else if (this.link.bufferedBytes > 0 && nowMs - this.#movedMs > limits.stallMs) {
      this.abort(new FerryError(Code.TIMEOUT, 'the other side takes nothing any more'));
    } else if (this.#opts.pings) {
      this.#keepAlive(nowMs);
    } else if (this.#decoder.inside && !this.#overfull && nowMs - this.#frameBeganMs > lookMs) {
      if (this.#pauses > 0 || nowMs - this.#heardMs < lookMs) this.send(Kind.ping, unmeasuredPing);
    }
    if (this.link.bufferedBytes === 0) this.#movedMs = nowMs;
  }

  #finish(error: FerryError | undefined): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#rest = empty;
    this.#stopWaiting?.();
    if (this.#blockBuffer !== undefined) this.#opts.pool.give(this.#blockBuffer);
    this.#blockBuffer = undefined;
    for (const sent of this.#owed) sent();
    this.#owed.clear();
    for (const wake of [...this.#waiting]) wake();
    this.#opts.onEnd(error);
  }
}
