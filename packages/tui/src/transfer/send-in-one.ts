/** A small file on one lane: create, blocks and commit in one go. Called by upload.ts; I/O thread. */

import { Code, FerryError } from '@ferry/protocol';
import { blockCount, blockLength, rootDigest } from '@ferry/protocol/content';
import { type Create, commit, create, discard } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import type { TransferContext } from './context.ts';
import { takeSome } from './pace.ts';
import { sendBlock } from './send-block.ts';
import type { SentFile } from './sent-file.ts';

/** Blocks of one file that go out unanswered. Larger files are sent otherwise. */
export const blocksInFlight = 8;

/** @throws {FerryError} SOURCE_CHANGED, IO_ERROR; the server's; CANCELLED. Nothing is left of it then, unless the line is at fault */
export async function sendInOne(
  file: SentFile,
  order: Omit<Create, 'handle'>,
  lane: Lane,
  context: TransferContext,
): Promise<void> {
  const { channel } = lane;
  const { signal, gate, pool, pace } = context;
  const { size } = file.facts;
  const handle = lane.nextHandle();
  // The first thing that goes wrong is the reason; what fails after it only follows from it.
  const failed = new AbortController();
  let reason: unknown;
  const watch = <T>(step: Promise<T>): Promise<T | undefined> =>
    step.catch((error: unknown) => {
      reason ??= error;
      failed.abort();
      return undefined;
    });
  const both = AbortSignal.any([signal, failed.signal]);
  const created = watch(channel.call(create, { ...order, handle }));
  const digests: Uint8Array[] = [];
  const out: Promise<unknown>[] = [];
  let lastHandedOn: Promise<void> = Promise.resolve();
  try {
    // What may be there already is heard of first.
    if (order.begin !== 0 && (await created)?.committed !== undefined) {
      context.onBytes(size);
      return;
    }
    for (let index = 0; index < blockCount(size); index++) {
      await gate.pass(both);
      const granted = await takeSome(pace, blockLength(size, index), both);
      const { buffer, length, digest } = await file.block(index, pool, both, () => true);
      digests.push(digest);
      const { promise: handedOn, resolve: onSent } = Promise.withResolvers<void>();
      lastHandedOn = handedOn;
      const sent = (): void => {
        pool.give(buffer);
        onSent();
      };
      const header = { handle, index, length, digest };
      const block = { header, buffer, sent, granted };
      const { answered } = await sendBlock(lane, block, {
        pace,
        gate,
        signal: both,
        onBytes: context.onBytes,
      });
      out.push(watch(answered.then(() => context.onBytes(length))));
      if (!channel.writable) await channel.ready(both);
    }
    await file.checkUnchanged(both);
    // The commit must not overtake a block. The answers of a small file's blocks come together with the commit's.
    await lastHandedOn;
    both.throwIfAborted();
    const root = rootDigest(size, digests);
    context.onDigest?.(root);
    await channel.call(commit, { handle, rootDigest: root });
    await created;
  } catch (error) {
    if (channel.ended === undefined) void channel.call(discard, { handle, keep: false }).catch(() => {});
    await created;
    await Promise.all(out);
    throw signal.aborted ? new FerryError(Code.CANCELLED, 'cancelled') : (reason ?? error);
  }
}
