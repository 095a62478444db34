/**
 * The uploads of one lane. A client sends create, blocks and commit without waiting for answers, so each upload has its
 * own line in which they take their turns; a create that failed fails what was sent behind it. Worker threads.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { byteString, Code, FerryError, limits } from '@ferry/protocol';
import { blockContentAt, digestBytes, readBlockHeader } from '@ferry/protocol/content';
import {
  Begin,
  type Committed,
  type Create,
  type Created,
  type Have,
  haveBlocks,
  Overwrite,
  type Patch,
  type Slice,
} from '@ferry/protocol/messages';
import type { ServerCall } from '@ferry/protocol/session';
import { frameHeaderBytes } from '@ferry/protocol/wire';
import type { ReadHandle, Upload } from '../storage/storage.ts';
import type { Transfer } from '../worker/transfers.ts';
import { aboutMoving, shownPath } from './context.ts';
import { rememberContent } from './known-content.ts';
import type { LaneContext } from './lane.ts';
import { patchedBlock } from './patched-block.ts';

type Call = ServerCall<Have>;

const beginNames = { [Begin.fresh]: 'fresh', [Begin.resume]: 'resume', [Begin.join]: 'join' } as const;
/** Blocks that are read again between two turns of the event loop: about a millisecond. */
const verifiedAtOnce = 4;

type OpenUpload = {
  readonly request: Create;
  readonly begun: Promise<Upload>;
  /** The version that patches take bytes from. */
  readonly base: Promise<ReadHandle> | undefined;
  readonly transfer: Transfer;
  readonly beganMs: number;
  /** Bytes that came for it on this lane. */
  moved: number;
  /** The last step in line; never rejects. */
  tail: Promise<unknown>;
};

export class LaneUploads {
  readonly #context: LaneContext;
  readonly #open = new Map<number, OpenUpload>();

  constructor(context: LaneContext) {
    this.#context = context;
  }

  /** @throws {FerryError} BAD_STATE (handle in use), LIMIT, SHUTTING_DOWN, and as Storage.createUpload */
  async create(request: Create, call: Call): Promise<Created> {
    const { storage, transfers, principal } = this.#context;
    transfers.checkWelcome();
    if (this.#open.has(request.handle)) {
      throw new FerryError(Code.BAD_STATE, 'that upload handle is in use');
    }
    if (this.#open.size >= limits.laneUploads) {
      throw new FerryError(Code.LIMIT, `a lane may have ${limits.laneUploads} uploads open`);
    }
    const { transferId, path, size, modified, mode, overwrite, expected, source, sparse } = request;
    const created = storage.createUpload({
      transferId: Buffer.from(transferId).toString('hex'),
      target: path,
      size,
      modified,
      mode,
      source,
      sparse,
      owner: byteString(Buffer.from(principal.user)),
      begin: beginNames[request.begin],
      ...(overwrite === Overwrite.never ? { existing: 'fail' } : { existing: 'overwrite', expected }),
    });
    const base =
      request.base === undefined
        ? undefined
        : storage.openRead(request.basePath ?? path, request.base, { signal: call.signal });
    const begun = base === undefined ? created : withBase(created, base);
    const open: OpenUpload = {
      request,
      begun,
      base,
      transfer: transfers.begin(true, aboutMoving(this.#context, 'upload', path, size)),
      beganMs: performance.now(),
      moved: 0,
      tail: Promise.allSettled([begun, base]),
    };
    this.#open.set(request.handle, open);
    try {
      const upload = await begun;
      if (upload.committed !== undefined) this.#forget(open);
      else if (request.begin === Begin.resume)
        open.transfer.touch((await this.#inLine(open, () => tell(upload, call))) * limits.blockBytes);
      return { committed: upload.committed, run: upload.run ?? 1 };
    } catch (error) {
      this.#tell(open, 'upload', error);
      this.#release(request.handle, open);
      await this.#drop(open, true);
      throw error;
    }
  }

  /** `buffer` as from FrameLink.onBlock; it stays the caller's. @throws {FerryError} as Upload.write; BAD_STATE, MALFORMED */
  async block(buffer: Buffer, bodyBytes: number): Promise<void> {
    const { handle, index, length, digest } = readBlockHeader(
      buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes),
    );
    const content = buffer.subarray(blockContentAt, blockContentAt + length);
    const open = this.#get(handle);
    await this.#inLine(open, async (upload) => {
      await upload.write(index, content, digest);
      this.#moved(open, length);
    });
  }

  /** @throws {FerryError} BAD_STATE (no base), MALFORMED, SOURCE_CHANGED, INTEGRITY (send the block itself), and as Upload.write */
  async patch(request: Patch, signal: AbortSignal): Promise<void> {
    const { buffers } = this.#context;
    const open = this.#get(request.handle);
    await this.#inLine(open, async (upload) => {
      const base = await open.base;
      if (base === undefined) throw new FerryError(Code.BAD_STATE, 'that upload was begun without a base');
      const buffer = await buffers.take(signal);
      try {
        const block = buffer.subarray(blockContentAt);
        const length = await patchedBlock(request, base, block);
        await upload.write(request.index, block.subarray(0, length), request.digest);
        this.#moved(open, length);
      } finally {
        buffers.give(buffer);
      }
    });
  }

  /** @throws {FerryError} as Upload.writeSlice and settle; BAD_STATE */
  async slice({ handle, index, offset, content, digest }: Slice): Promise<void> {
    const open = this.#get(handle);
    await this.#inLine(open, async (upload) => {
      await upload.writeSlice(index, offset, content);
      if (digest !== undefined) await upload.settle(index, digest);
      this.#moved(open, content.length);
    });
  }

  /** Ends the handle, whatever comes of it. @throws {FerryError} as Upload.commit; BAD_STATE */
  async commit(handle: number, rootDigest: Uint8Array): Promise<Committed> {
    const open = this.#get(handle);
    const committed = this.#inLine(open, (upload) => upload.commit(rootDigest));
    this.#release(handle, open);
    try {
      const result = await committed;
      this.#context.log({
        what: 'received',
        who: this.#context.who,
        path: shownPath(this.#context, open.request.path),
        bytes: open.request.size,
        ms: performance.now() - open.beganMs,
      });
      const { storage, contents, principal } = this.#context;
      void rememberContent({ storage, contents, root: principal.root }, open.request.path, result.facts);
      this.#tell(open, 'upload');
      return result;
    } catch (error) {
      this.#tell(open, 'upload', error);
      throw error;
    } finally {
      open.transfer.over();
    }
  }

  /** Ends the handle; of one that is not open it does nothing. */
  async discard(handle: number, keep: boolean): Promise<void> {
    const open = this.#open.get(handle);
    if (open === undefined) return;
    this.#tell(open, keep ? 'upload-left' : 'upload-discarded');
    this.#release(handle, open);
    await this.#drop(open, keep);
  }

  /** What is there stays: the client may come back for it. */
  end(): void {
    for (const [handle, open] of [...this.#open]) {
      this.#tell(open, 'upload-left');
      this.#release(handle, open);
      void this.#drop(open, true);
    }
  }

  #moved(open: OpenUpload, bytes: number): void {
    open.moved += bytes;
    open.transfer.touch(bytes);
  }

  /** The audit log hears of each upload once from each lane that had a part in it. */
  #tell(open: OpenUpload, verb: 'upload' | 'upload-left' | 'upload-discarded', error?: unknown): void {
    if (error !== undefined && !(error instanceof FerryError)) return;
    const ms = performance.now() - open.beganMs;
    this.#context.audit?.({ verb, path: open.request.path, bytes: open.moved, ms, error });
  }

  #get(handle: number): OpenUpload {
    const open = this.#open.get(handle);
    if (open === undefined) throw new FerryError(Code.BAD_STATE, 'there is no such upload on this lane');
    return open;
  }

  #inLine<T>(open: OpenUpload, step: (upload: Upload) => Promise<T>): Promise<T> {
    const turn = open.tail.then(async () => step(await open.begun));
    open.tail = turn.catch(() => {});
    return turn;
  }

  async #drop(open: OpenUpload, keep: boolean): Promise<void> {
    await open.tail;
    try {
      const upload = await open.begun;
      await (keep ? upload.leave() : upload.discard());
    } catch (error) {
      // It had never begun, or its partial file is left to be tidied up by age.
      if (!(error instanceof FerryError)) throw error;
    } finally {
      open.transfer.over();
    }
  }

  #forget(open: OpenUpload): void {
    open.transfer.over();
    this.#release(open.request.handle, open);
  }

  #release(handle: number, open: OpenUpload): void {
    if (this.#open.get(handle) !== open) return;
    this.#open.delete(handle);
    // Not before what is still in line has used it.
    void open.tail.then(async () => (await open.base)?.close()).catch(() => {});
  }
}

/** An upload whose base is not to be had has not begun, and nobody holds it. */
async function withBase(created: Promise<Upload>, base: Promise<ReadHandle>): Promise<Upload> {
  const [upload, found] = await Promise.allSettled([created, base]);
  if (upload.status === 'rejected') throw upload.reason;
  if (found.status === 'fulfilled') return upload.value;
  await upload.value.leave();
  throw found.reason;
}

/** Says which blocks are there, in runs, with a turn for everybody else in between; gives how many. */
async function tell(upload: Upload, call: Call): Promise<number> {
  let first = 0;
  let run: Uint8Array[] = [];
  const flush = async (): Promise<void> => {
    if (run.length === 0) return;
    const goOn = call.part({ first, digests: Buffer.concat(run, run.length * digestBytes) });
    run = [];
    if (!goOn) await call.ready();
  };
  let count = 0;
  for (const [index, digest] of upload.verified()) {
    if (index !== first + run.length || run.length === haveBlocks) await flush();
    if (run.length === 0) first = index;
    run.push(digest);
    count += 1;
    if (count % verifiedAtOnce === 0) await nextTurn();
    call.signal.throwIfAborted();
  }
  await flush();
  return count;
}
