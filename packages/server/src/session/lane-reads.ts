/**
 * The reads of one lane, served in order of arrival, one block at a time: from disk into a reused buffer, hashed, onto the
 * wire. Lanes of one thread take turns because each waits for its own peer after every few blocks. Worker threads.
 */

import type { Facts, Path } from '@ferry/protocol';
import { asFerryError, Code, FerryError, limits } from '@ferry/protocol';
import { blockContentAt, blockCount, blockDigest, blockLength, blockOffset } from '@ferry/protocol/content';
import type { Read, ReadSlice, ReadSliceReply } from '@ferry/protocol/messages';
import type { ServerCall } from '@ferry/protocol/session';
import type { ReadHandle } from '../storage/storage.ts';
import type { Transfer } from '../worker/transfers.ts';
import { aboutMoving, shownPath } from './context.ts';
import type { LaneContext } from './lane.ts';

type Call = ServerCall<{ facts: Facts }>;

/** A file between two reads of it. */
type OpenRead = {
  readonly key: string;
  readonly path: Path;
  readonly file: ReadHandle;
  readonly transfer: Transfer;
  readonly beganMs: number;
  /** Bytes that went out on this lane; undefined: nobody wants more than its facts so far. */
  moved: number | undefined;
};

export class LaneReads {
  readonly #context: LaneContext;
  /** By path and identity; the one used longest ago first. */
  readonly #open = new Map<string, OpenRead>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(context: LaneContext) {
    this.#context = context;
  }

  serve(request: Read, call: Call): Promise<{ blocks: number }> {
    const { path, identity, first, count } = request;
    const file = identity === undefined ? undefined : this.#open.get(keyOf(path, identity))?.file;
    file?.soon?.(first, count);
    const turn = this.#tail.then(() => this.#serve(request, call, file));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /** Part of a block, in turn with the rest. */
  slice(request: ReadSlice, signal: AbortSignal): Promise<ReadSliceReply> {
    const turn = this.#tail.then(() => this.#slice(request, signal));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  end(): void {
    void this.#tail.then(() => {
      for (const open of [...this.#open.values()]) this.#close(open);
    });
  }

  /** @param told knows already what is asked for */
  async #serve(request: Read, call: Call, told: ReadHandle | undefined): Promise<{ blocks: number }> {
    checkWanted(call.signal);
    const open = await this.#take(request, call.signal);
    try {
      const { file } = open;
      if (file !== told) file.soon?.(request.first, request.count);
      if (request.identity === undefined) call.part({ facts: file.facts });
      const end = Math.min(request.first + request.count, blockCount(file.facts.size));
      for (let index = request.first; index < end; index++) await this.#sendBlock(open, index, call);
      if (!(await file.unchanged())) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
      }
      if (request.count > 0 && end === blockCount(file.facts.size)) this.#finish(open);
      return { blocks: Math.max(0, end - request.first) };
    } catch (error) {
      // A cancelled read says nothing against the file, but a client that gave up is unlikely to come back for it.
      this.#close(open);
      throw error;
    }
  }

  async #slice(request: ReadSlice, signal: AbortSignal): Promise<ReadSliceReply> {
    checkWanted(signal);
    const open = await this.#take(request, signal);
    const { file, transfer } = open;
    const { index, offset } = request;
    try {
      const blockBytes = blockLength(file.facts.size, index);
      const content = Buffer.alloc(Math.max(0, Math.min(request.length, blockBytes - offset)));
      await file.readAt(blockOffset(index) + offset, content);
      const digest = request.digest ? await this.#digest(file, index, signal) : undefined;
      if (!(await file.unchanged())) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
      }
      transfer.touch(content.length);
      open.moved = (open.moved ?? 0) + content.length;
      if (request.digest && index + 1 === blockCount(file.facts.size)) this.#finish(open);
      return { content, digest };
    } catch (error) {
      this.#close(open);
      throw error;
    }
  }

  async #digest(file: ReadHandle, index: number, signal: AbortSignal): Promise<Uint8Array> {
    const { buffers } = this.#context;
    const buffer = await buffers.take(signal);
    try {
      return blockDigest(buffer.subarray(0, await file.read(index, buffer)));
    } finally {
      buffers.give(buffer);
    }
  }

  async #sendBlock(open: OpenRead, index: number, call: Call): Promise<void> {
    const { buffers } = this.#context;
    const { file, transfer } = open;
    const buffer = await buffers.take(call.signal);
    let length: number;
    let digest: Uint8Array;
    try {
      checkWanted(call.signal);
      const room = blockLength(file.facts.size, index);
      const content = buffer.subarray(blockContentAt, blockContentAt + room);
      const filled = file.read(index, content);
      length = typeof filled === 'number' ? filled : await filled;
      digest = blockDigest(content);
    } catch (error) {
      buffers.give(buffer);
      throw error;
    }
    transfer.touch(length);
    open.moved = (open.moved ?? 0) + length;
    const goOn = call.block(buffer, { handle: 0, index, length, digest }, () => buffers.give(buffer));
    if (!goOn) await call.ready();
    checkWanted(call.signal);
  }

  async #take({ path, identity }: Pick<Read, 'path' | 'identity'>, signal: AbortSignal): Promise<OpenRead> {
    const { storage, transfers } = this.#context;
    if (identity !== undefined) {
      const found = this.#open.get(keyOf(path, identity));
      if (found !== undefined) return this.#keep(found);
    }
    transfers.checkWelcome();
    const file = await storage.openRead(path, identity, { signal });
    const key = keyOf(path, file.facts.identity);
    const older = this.#open.get(key);
    if (older !== undefined) this.#close(older);
    const about = aboutMoving(this.#context, 'download', path, file.facts.size);
    const transfer = transfers.begin(false, about);
    return this.#keep({ key, path, file, transfer, beganMs: performance.now(), moved: undefined });
  }

  /** Makes it the latest used, and closes the one used longest ago when there are too many. */
  #keep(open: OpenRead): OpenRead {
    this.#open.delete(open.key);
    this.#open.set(open.key, open);
    const [oldest] = this.#open.values();
    if (this.#open.size > limits.laneOpenFiles && oldest !== undefined) this.#close(oldest);
    return open;
  }

  #finish(open: OpenRead): void {
    const { who, log } = this.#context;
    log({
      what: 'sent',
      who,
      path: shownPath(this.#context, open.path),
      bytes: open.file.facts.size,
      ms: performance.now() - open.beganMs,
    });
    open.moved ??= 0;
    this.#close(open);
  }

  #close(open: OpenRead): void {
    if (open.moved !== undefined) {
      const { path, moved: bytes, beganMs } = open;
      this.#context.audit?.({ verb: 'download', path, bytes, ms: performance.now() - beganMs });
    }
    open.transfer.over();
    open.file.close();
    this.#open.delete(open.key);
  }
}

function keyOf(path: Path, identity: string): string {
  return `${path.join('/')}\0${identity}`;
}

/** @throws {FerryError} CANCELLED */
function checkWanted(signal: AbortSignal): void {
  if (signal.aborted) throw asFerryError(signal.reason, () => new FerryError(Code.CANCELLED, 'cancelled'));
}
