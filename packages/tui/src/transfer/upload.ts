/**
 * One file of this machine to the server: create, blocks and commit go out without waiting for one another's answers, so a
 * small file takes one round trip. A lane that dies takes the unfinished upload with it; the file begins again on
 * another. I/O thread.
 */

import { randomBytes } from 'node:crypto';
import { asFerryError, Code, FerryError, type Path } from '@ferry/protocol';
import {
  type BlockPool,
  blockContentAt,
  blockCount,
  blockDigest,
  blockLength,
  rootDigest,
} from '@ferry/protocol/content';
import { type OpenFile, openRead, type Root } from '@ferry/protocol/disk';
import { commit, create, discard, Overwrite, transferIdBytes } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import type { FileResult, TransferContext } from './context.ts';
import { isOfTheLine, patience, restBefore } from './retry.ts';

/** Blocks of one file that are out unanswered at once. */
const blocksInFlight = 6;

export type UploadSpec = {
  /** Folder of this machine that the file is read from, following no link below it. */
  readonly root: Root;
  readonly source: Path;
  readonly target: Path;
};

/**
 * Resolves when the server says that the file is durable under its name. A cancelled or failed call leaves nothing there.
 * @throws {FerryError} NOT_FOUND, NOT_REGULAR, FORBIDDEN, IO_ERROR, SOURCE_CHANGED of this side; the server's EXISTS,
 *   NO_SPACE, READ_ONLY …; CANCELLED; why the server cannot be reached
 */
export async function upload(spec: UploadSpec, context: TransferContext): Promise<FileResult> {
  // It begins again each time, so only getting further than ever before counts as progress.
  let furthest = 0;
  for (let failures = 0; ; ) {
    await context.gate.pass(context.signal);
    let bytes = 0;
    const counting = {
      ...context,
      onBytes: (count: number): void => {
        bytes += count;
        if (bytes > furthest) {
          furthest = bytes;
          failures = 0;
        }
        context.onBytes(count);
      },
    };
    try {
      return await uploadOnce(spec, counting);
    } catch (thrown) {
      const error = asFerryError(thrown);
      if (bytes > 0) context.onBytes(-bytes);
      if (error.code === Code.EXISTS && context.existing === 'skip') return 'skipped';
      failures += 1;
      if (!isOfTheLine(error) || failures > patience) throw error;
      await restBefore(failures, error, context.signal);
    }
  }
}

async function uploadOnce(spec: UploadSpec, context: TransferContext): Promise<FileResult> {
  const file = openRead(spec.root, spec.source);
  try {
    const lane = await context.lanes.take(context.signal);
    try {
      await send(file, spec.target, lane, context);
    } finally {
      lane.release();
    }
    return 'moved';
  } finally {
    file.close();
  }
}

async function send(file: OpenFile, target: Path, lane: Lane, context: TransferContext): Promise<void> {
  const { channel } = lane;
  const { signal, gate, pool, existing } = context;
  const { size, modified, mode } = file.facts;
  const handle = lane.nextHandle();
  // The first thing that goes wrong is the reason; what fails after it only follows from it.
  const failed = new AbortController();
  let reason: unknown;
  const watch = (step: Promise<unknown>): Promise<void> =>
    step.then(
      () => {},
      (error: unknown) => {
        reason ??= error;
        failed.abort();
      },
    );
  const both = AbortSignal.any([signal, failed.signal]);
  const created = watch(
    channel.call(create, {
      handle,
      transferId: randomBytes(transferIdBytes),
      path: target,
      size,
      modified,
      mode,
      overwrite: existing === 'overwrite' ? Overwrite.replace : Overwrite.never,
      expected: undefined,
    }),
  );
  const digests: Uint8Array[] = [];
  const out = new Set<Promise<void>>();
  let lastHandedOn: Promise<void> = Promise.resolve();
  try {
    for (let index = 0; index < blockCount(size); index++) {
      // Nobody should send a gigabyte to hear that the name is taken.
      if (index === blocksInFlight) await created;
      while (out.size >= blocksInFlight) await Promise.race(out);
      await gate.pass(both);
      const buffer = await takeBuffer(pool, both);
      let digest: Uint8Array;
      const length = blockLength(size, index);
      try {
        const content = buffer.subarray(blockContentAt, blockContentAt + length);
        file.read(index, content);
        digest = blockDigest(content);
      } catch (error) {
        pool.give(buffer);
        throw error;
      }
      digests.push(digest);
      const { promise: handedOn, resolve: onSent } = Promise.withResolvers<void>();
      lastHandedOn = handedOn;
      const back = (): void => {
        pool.give(buffer);
        onSent();
      };
      const written = channel.sendBlock(buffer, { handle, index, length, digest }, back, { signal: both });
      const answered = watch(written.then(() => context.onBytes(length))).then(() => {
        out.delete(answered);
      });
      out.add(answered);
      if (!channel.writable) await channel.ready(both);
    }
    if (!file.unchanged())
      throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was sent');
    // The commit must not overtake a block. The answers of a small file's blocks come together with the commit's.
    await lastHandedOn;
    if (blockCount(size) > blocksInFlight) await Promise.all(out);
    both.throwIfAborted();
    await channel.call(commit, { handle, rootDigest: rootDigest(size, digests) });
    await created;
  } catch (error) {
    if (channel.ended === undefined) void channel.call(discard, { handle }).catch(() => {});
    await created;
    await Promise.all(out);
    throw signal.aborted ? new FerryError(Code.CANCELLED, 'cancelled') : (reason ?? error);
  }
}

/** @throws {FerryError} CANCELLED, having taken none */
async function takeBuffer(pool: BlockPool, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const buffer = pool.take();
    if (buffer !== undefined) return buffer;
    await new Promise<void>((resolve, reject) => {
      const cancel = (): void => {
        stop();
        reject(new FerryError(Code.CANCELLED, 'cancelled'));
      };
      const stop = pool.onFree(() => {
        signal.removeEventListener('abort', cancel);
        resolve();
      });
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }
}
