/**
 * A file of a bucket for reading: ranges straight into the caller's blocks, each only of the version that was opened. What is going to be
 * read in a row is asked for at once, and what comes behind it while that comes in; it waits in the sockets, not in memory. Made by
 * s3-storage.ts; worker threads.
 */

import { Code, type Facts, FerryError, limits } from '@ferry/protocol';
import { blockCount, blockLength, blockOffset } from '@ferry/protocol/content';
import type { ReadHandle } from '../storage.ts';
import type { ByteStream, ObjectStore } from './object-store.ts';

export type ReaderSpec = {
  readonly store: ObjectStore;
  readonly key: string;
  readonly etag: string;
  readonly facts: Facts;
  /** Whether it is still there; asked when nothing was read since the last time. */
  readonly look: () => Promise<boolean>;
};

/** Blocks from `next` to before `end`. */
type Wanted = { next: number; readonly end: number };
type Streamed = Wanted & { readonly stream: ByteStream };

/** What is being taken, and what comes behind it. */
const streamsOfOne = 2;
/** Lanes share a file in runs of so many blocks: one request for a run costs a store much less than one for each piece of it. */
const run = limits.readBlocks;
/** Of all readers of a thread: each holds a connection, however slowly it is read. Who gets none asks for each block. */
const mostStreams = 64;
let streams = 0;

export class ObjectReader implements ReadHandle {
  readonly facts: Facts;
  readonly #spec: ReaderSpec;
  /** In order. */
  #streams: Streamed[] = [];
  /** What is wanted behind them. */
  #wanted: Wanted[] = [];
  /** What was wanted last ended here. */
  #last = 0;
  /** Whoever reads jumps only to where runs begin. */
  #isInRuns = true;
  /** The store has just given content of this version. */
  #isSeen = false;
  #isClosed = false;

  constructor(spec: ReaderSpec) {
    this.#spec = spec;
    this.facts = spec.facts;
  }

  soon(first: number, count: number): void {
    const end = Math.min(blockCount(this.facts.size), first + count);
    if (this.#isClosed || first >= end) return;
    if (first !== this.#last && first % run !== 0) this.#isInRuns = false;
    this.#last = end;
    const known = (this.#wanted.at(-1) ?? this.#streams.at(-1))?.end ?? 0;
    const isKnown = this.#isInRuns && first < known && first >= known - run;
    if (isKnown && end <= known) return;
    const whole = Math.min(blockCount(this.facts.size), Math.ceil(end / run) * run);
    this.#wanted.push({ next: isKnown ? known : first, end: this.#isInRuns ? whole : end });
    // Who never came for what they wanted.
    if (this.#wanted.length > limits.controlInFlight) this.#wanted.shift();
    this.#askAhead();
  }

  async read(index: number, buffer: Uint8Array): Promise<number> {
    const length = blockLength(this.facts.size, index);
    if (length === 0) return 0;
    this.#turnTo(index);
    this.#askAhead();
    const target = buffer.subarray(0, length);
    const [streamed] = this.#streams;
    if (streamed?.next !== index) {
      await this.#fill(blockOffset(index), target);
      return length;
    }
    try {
      await this.#told(streamed.stream.read(target));
    } catch (error) {
      this.#dropAll();
      throw error;
    }
    streamed.next += 1;
    if (streamed.next === streamed.end) this.#drop();
    this.#askAhead();
    return length;
  }

  async readAt(offset: number, target: Uint8Array): Promise<void> {
    if (offset + target.length > this.facts.size) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file became shorter while it was read');
    }
    await this.#fill(offset, target);
  }

  async unchanged(): Promise<boolean> {
    if (this.#isSeen) {
      this.#isSeen = false;
      return true;
    }
    return this.#spec.look();
  }

  close(): void {
    this.#isClosed = true;
    this.#dropAll();
  }

  /** What was wanted before it is not wanted any more. */
  #turnTo(index: number): void {
    const isIn = ({ next, end }: Wanted): boolean => index >= next && index < end;
    while (this.#streams[0] !== undefined && this.#streams[0].next !== index) this.#drop();
    if (this.#streams.length > 0) return;
    const at = this.#wanted.findIndex(isIn);
    const found = this.#wanted[at];
    if (found === undefined) return;
    found.next = index;
    this.#wanted.splice(0, at);
  }

  #askAhead(): void {
    const { store, key, etag } = this.#spec;
    while (this.#streams.length < streamsOfOne && streams < mostStreams) {
      const wanted = this.#wanted.shift();
      if (wanted === undefined) return;
      const { next, end } = wanted;
      const from = blockOffset(next);
      const bytes = Math.min(this.facts.size, blockOffset(end)) - from;
      streams += 1;
      this.#streams.push({ next, end, stream: store.stream(key, etag, from, bytes) });
    }
  }

  /** The first one. */
  #drop(): void {
    const first = this.#streams.shift();
    if (first === undefined) return;
    streams -= 1;
    first.stream.close();
  }

  #dropAll(): void {
    while (this.#streams.length > 0) this.#drop();
    this.#wanted = [];
  }

  #fill(offset: number, target: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new FerryError(Code.IO_ERROR, 'the file is closed');
    const { store, key, etag } = this.#spec;
    return this.#told(store.read(key, etag, offset, target));
  }

  async #told(filled: Promise<void>): Promise<void> {
    try {
      await filled;
      this.#isSeen = true;
    } catch (cause) {
      const isOther =
        cause instanceof FerryError && (cause.code === Code.CONFLICT || cause.code === Code.NOT_FOUND);
      if (!isOther) throw cause;
      throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read', { cause });
    }
  }
}
