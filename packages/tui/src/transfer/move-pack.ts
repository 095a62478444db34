/**
 * Small files of one folder, moved in one message and one round trip. Each fails or arrives on its own. I/O thread.
 */

import {
  asFerryError,
  Code,
  FerryError,
  fromWireError,
  joinPath,
  type Name,
  type Path,
} from '@ferry/protocol';
import { contentDigest } from '@ferry/protocol/content';
import {
  entryOf,
  fetchPack,
  type PackFile,
  PackRoom,
  type Root,
  Staging,
  storePack,
} from '@ferry/protocol/disk';
import {
  type Fetched,
  fetch,
  Overwrite,
  type PackedFile,
  type StoreFailure,
  store,
} from '@ferry/protocol/messages';
import type { TransferContext } from './context.ts';
import { takeAll } from './pace.ts';
import { isOfTheLine, patience, restBefore, stallMs } from './retry.ts';
import { sayReceived } from './say-received.ts';

export type PackSpec = {
  /** Folder of this machine that is read from or written to, and that nothing leaves. */
  readonly root: Root;
  /** Where the files are and where they go: `from` on the side they come from. */
  readonly from: Path;
  readonly to: Path;
  readonly names: readonly Name[];
};

/** `again`: it has outgrown a pack, move it by itself. Otherwise as for a single file. */
export type PackOutcome = 'moved' | 'again' | FerryError;

/** Of packs that are through; as many as ever were on their way at once. */
const rooms: PackRoom[] = [];

/** By their place in `names`. @throws {FerryError} what concerns all of them: the folder, the line, CANCELLED */
export async function uploadPack(spec: PackSpec, context: TransferContext): Promise<readonly PackOutcome[]> {
  const room = rooms.pop() ?? new PackRoom();
  try {
    return await uploadFrom(room, spec, context);
  } finally {
    room.clear();
    rooms.push(room);
  }
}

/** Nothing looks into `room` any more when it settles: what is sent is a copy. */
async function uploadFrom(
  room: PackRoom,
  spec: PackSpec,
  context: TransferContext,
): Promise<readonly PackOutcome[]> {
  const outcomes: PackOutcome[] = spec.names.map(() => 'moved');
  const files: PackedFile[] = [];
  const places: number[] = [];
  let index = 0;
  for (const found of fetchPack(spec.root, spec.from, spec.names, room)) {
    if (found instanceof FerryError) {
      outcomes[index] = found.code === Code.LIMIT ? 'again' : found;
    } else {
      const { name, stats, content } = found;
      const { modified, mode } = entryOf(name, stats);
      files.push({ name, modified, mode, rootDigest: contentDigest(content), content });
      places.push(index);
    }
    index += 1;
  }
  if (files.length === 0) return outcomes;
  const failures = await sendPack(spec.to, files, context);
  for (const failure of failures) {
    const place = places[failure.index];
    if (place !== undefined) outcomes[place] = fromWireError([failure.code, failure.message, 0]);
  }
  for (const [i, { content }] of files.entries()) {
    if (outcomes[places[i] ?? 0] === 'moved') context.onBytes(content.length);
  }
  return outcomes;
}

/** @throws {FerryError} what concerns all of them: the folder, the line, CANCELLED */
export async function sendPack(
  folder: Path,
  files: readonly PackedFile[],
  { lanes, gate, signal, placing, resumed, pace }: TransferContext,
): Promise<readonly StoreFailure[]> {
  const overwrite = placing.existing === 'overwrite' ? Overwrite.replace : Overwrite.never;
  for (let failures = 0; ; ) {
    await gate.pass(signal);
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    await takeAll(pace, bytes, signal);
    try {
      const lane = await lanes.take(signal);
      try {
        const again = failures > 0 || resumed === true;
        const opts = { signal, timeoutMs: stallMs };
        const reply = await lane.channel.call(store, { folder, overwrite, again, files }, opts);
        for (const { content } of files) lane.moved(content.length);
        return reply.failures;
      } finally {
        lane.release();
      }
    } catch (thrown) {
      const error = asFerryError(thrown);
      failures += 1;
      if (!isOfTheLine(error) || failures > patience) throw error;
      await restBefore(failures, error, signal);
    }
  }
}

/** By their place in `names`. @throws {FerryError} what concerns all of them: the folder, the line, CANCELLED */
export async function downloadPack(
  spec: PackSpec,
  context: TransferContext,
): Promise<readonly PackOutcome[]> {
  const { lanes, gate, signal, pace } = context;
  const outcomes: (PackOutcome | undefined)[] = spec.names.map(() => undefined);
  for (let failures = 0; ; ) {
    await gate.pass(signal);
    const wanted = spec.names.flatMap((name, place) =>
      outcomes[place] === undefined ? [{ name, place }] : [],
    );
    if (wanted.length === 0) break;
    try {
      const lane = await lanes.take(signal);
      const keeping: Promise<void>[] = [];
      let fetched = 0;
      try {
        const names = wanted.map(({ name }) => name);
        await lane.channel.call(
          fetch,
          { folder: spec.from, names },
          {
            signal,
            timeoutMs: stallMs,
            onPart: (part) => {
              const kept = keep(part, (index) => wanted[index], spec, context, outcomes);
              // Looked at when the call is over.
              kept.catch(() => {});
              keeping.push(kept);
              for (const { content } of part.files) {
                lane.moved(content.length);
                fetched += content.length;
              }
            },
          },
        );
      } finally {
        lane.release();
        await Promise.all(keeping);
      }
      // How much it was is known only now; the next one waits for it.
      await takeAll(pace, fetched, signal);
      if (wanted.some(({ place }) => outcomes[place] === undefined)) {
        throw new FerryError(Code.INTEGRITY, 'the server left out a file');
      }
    } catch (thrown) {
      const error = asFerryError(thrown);
      failures += 1;
      if (!(isOfTheLine(error) || error.code === Code.INTEGRITY) || failures > patience) throw error;
      await restBefore(failures, error, signal);
    }
  }
  const arrived = spec.names.filter((_, place) => outcomes[place] === 'moved');
  await sayReceived(
    arrived.map((name) => joinPath(spec.from, name)),
    context,
  );
  return outcomes.map((outcome) => outcome ?? new FerryError(Code.INTERNAL, 'the file was forgotten'));
}

type Wanted = { readonly name: Name; readonly place: number };

/** Writes what came. A damaged file stays without an outcome, to be asked for again. */
async function keep(
  part: Fetched,
  wantedAt: (index: number) => Wanted | undefined,
  spec: PackSpec,
  context: TransferContext,
  outcomes: (PackOutcome | undefined)[],
): Promise<void> {
  const { placing, resumed } = context;
  const known = (index: number): Wanted => {
    const wanted = wantedAt(index);
    if (wanted === undefined)
      throw new FerryError(Code.MALFORMED, 'the server sent a file that was not asked for');
    return wanted;
  };
  for (const { index, code, message } of part.failures) {
    outcomes[known(index).place] = code === Code.LIMIT ? 'again' : fromWireError([code, message, 0]);
  }
  const files: PackFile[] = [];
  const places: number[] = [];
  for (const { index, facts, rootDigest, content } of part.files) {
    const { name, place } = known(index);
    // The name is ours, whatever the server says.
    files.push({ name, modified: facts.modified, mode: facts.mode, rootDigest, content });
    places.push(place);
  }
  if (files.length === 0) return;
  const staging = new Staging(spec.root);
  const { outcomes: stored } = await storePack(staging, {
    folder: spec.to,
    existing: placing.existing,
    again: resumed === true,
    files,
  });
  for (const [i, error] of stored.entries()) {
    const place = places[i] ?? 0;
    if (error === undefined) {
      outcomes[place] = 'moved';
      context.onBytes(files[i]?.content.length ?? 0);
    } else if (error.code !== Code.INTEGRITY) outcomes[place] = error;
  }
}
