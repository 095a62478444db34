/**
 * One file of this machine to the server. A small one goes out as create, blocks and commit without waiting for one
 * another's answers, so it takes one round trip; a large one goes over as many lanes as it has a share of, and is gone on
 * with after an interruption (outgoing.ts). I/O thread.
 */

import { randomBytes } from 'node:crypto';
import { asFerryError, Code, EntryKind, type Facts, FerryError, type Path } from '@ferry/protocol';
import { blockCount } from '@ferry/protocol/content';
import { openRead, type Root } from '@ferry/protocol/disk';
import { Begin, type Create, Overwrite, transferIdBytes } from '@ferry/protocol/messages';
import type { Lane } from '../client/lanes.ts';
import type { Placing, TransferContext } from './context.ts';
import { type Base, worthComparingBytes } from './delta.ts';
import { locateBase } from './locate-base.ts';
import { Outgoing } from './outgoing.ts';
import { type Origin, RelayFile } from './relay-file.ts';
import { isOfTheLine, overAnyLine, patience, restBefore } from './retry.ts';
import { blocksInFlight, sendInOne } from './send-in-one.ts';
import { diskFile, type SentFile } from './sent-file.ts';
import { transferIdOf } from './transfer-id.ts';

export type UploadSpec = (
  | {
      /** Folder of this machine that the file is read from, following no link below it. */
      readonly root: Root;
      readonly from?: undefined;
    }
  /** Another server, that the file goes through this machine from. */
  | { readonly from: Origin }
) & {
  readonly source: Path;
  readonly target: Path;
  /** What is at the target as it was a moment ago: bytes that it has need not travel. */
  readonly old?: Facts | undefined;
};

/** What of a create is the same on every lane and attempt. */
export type UploadOrder = Omit<Create, 'handle' | 'begin'>;

/**
 * Resolves when the server says that the file is durable under its name. A cancelled or failed call leaves nothing that
 * looks like a file; what could be gone on with stays there unless the user gave it up.
 * @throws {FerryError} NOT_FOUND, NOT_REGULAR, FORBIDDEN, IO_ERROR, SOURCE_CHANGED of this side; the server's EXISTS,
 *   NO_SPACE, READ_ONLY …; CANCELLED; why the server cannot be reached
 */
export async function upload(spec: UploadSpec, context: TransferContext): Promise<void> {
  await context.gate.pass(context.signal);
  const file = await openSource(spec, context.signal);
  try {
    const order = orderOf(spec, file, context.placing);
    if (blockCount(file.facts.size) <= blocksInFlight) await uploadSmall(file, order, context);
    else {
      context.lanes.prepare(file.facts.size);
      const base = baseOf(spec, context.placing);
      if (base !== undefined && file.disk !== undefined)
        await new Outgoing(file, order, context, { known: base }).send();
      else await uploadLarge(file, order, context);
    }
  } finally {
    file.close();
  }
}

/** The caller's to close. @throws {FerryError} NOT_FOUND, NOT_REGULAR, FORBIDDEN, IO_ERROR; the other server's */
export async function openSource(spec: UploadSpec, signal: AbortSignal): Promise<SentFile> {
  const { from, source } = spec;
  if (from === undefined) return diskFile(openRead(spec.root, source));
  const facts = await overAnyLine(() => from.remote.stat(source, { signal }), signal);
  if (facts.kind !== EntryKind.file) throw new FerryError(Code.NOT_REGULAR, 'it is not a file');
  return new RelayFile(from, source, facts);
}

/** What is the same on every lane. */
export function orderOf(
  { source, target, from }: UploadSpec,
  file: Pick<SentFile, 'facts'>,
  placing: Placing,
): UploadOrder {
  const { size, modified, mode, identity, sparse = false } = file.facts;
  const direction = from === undefined ? 'upload' : (`relay ${from.key}` as const);
  const id = transferIdOf({ direction, identity, source, target });
  const isSmall = blockCount(size) <= blocksInFlight;
  return {
    transferId: isSmall ? randomBytes(transferIdBytes) : Buffer.from(id, 'hex'),
    path: target,
    size,
    modified,
    mode,
    overwrite: placing.existing === 'overwrite' ? Overwrite.replace : Overwrite.never,
    expected: placing.existing === 'overwrite' ? placing.expected : undefined,
    source: identity,
    base: undefined,
    basePath: undefined,
    sparse,
  };
}

/** The version that is to be replaced, if it is worth comparing with. */
function baseOf({ old, target }: UploadSpec, placing: Placing): Base | undefined {
  if (placing.existing === 'fail' || old === undefined) return undefined;
  if (old.kind !== EntryKind.file || old.size < worthComparingBytes) return undefined;
  return { path: target, identity: old.identity, size: old.size };
}

/** Asks beside the first request whether the server has the content under another name. */
async function uploadLarge(file: SentFile, order: UploadOrder, context: TransferContext): Promise<void> {
  const { disk } = file;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const sought = disk === undefined ? Promise.resolve(undefined) : locateBase(disk, { ...context, signal });
  // Who waits for it hears of it.
  sought.catch(() => {});
  try {
    await new Outgoing(file, order, context, { sought }).send();
  } finally {
    over.abort();
    // It reads from the file.
    await Promise.allSettled([sought]);
  }
}

async function uploadSmall(file: SentFile, order: UploadOrder, context: TransferContext): Promise<void> {
  // It begins again each time, so only getting further than ever before counts as progress.
  let furthest = 0;
  let begin: Begin = Begin.fresh;
  for (let failures = 0; ; ) {
    await context.gate.pass(context.signal);
    const { late } = context.gate;
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
      const lane: Lane = await context.lanes.take(context.signal);
      try {
        await sendInOne(file, { ...order, begin }, lane, counting);
      } finally {
        if (late.aborted) lane.abandon();
        lane.release();
      }
      return;
    } catch (thrown) {
      const error = asFerryError(thrown);
      if (bytes !== 0) context.onBytes(-bytes);
      if (late.aborted && !context.signal.aborted) {
        begin = Begin.resume;
        continue;
      }
      failures += 1;
      if (!isOfTheLine(error) || failures > patience) throw error;
      // Its commit may have been heard; then this hears the same answer.
      begin = Begin.resume;
      await restBefore(failures, error, context.signal);
    }
  }
}
