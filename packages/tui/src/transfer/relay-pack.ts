/**
 * Small files of one folder of a server to another one: several in one message on either line, verified here, in memory only. Each
 * fails or arrives on its own. I/O thread.
 */

import { asFerryError, Code, FerryError, fromWireError, type Name, type Path } from '@ferry/protocol';
import { contentDigest, sameDigest } from '@ferry/protocol/content';
import { type FetchedFile, fetch, type PackedFile } from '@ferry/protocol/messages';
import type { TransferContext } from './context.ts';
import { type PackOutcome, sendPack } from './move-pack.ts';
import type { Origin } from './relay-file.ts';
import { isOfTheLine, patience, restBefore, stallMs } from './retry.ts';

export type RelayPackSpec = {
  readonly origin: Origin;
  /** Where the files are, and where they go. */
  readonly from: Path;
  readonly to: Path;
  readonly names: readonly Name[];
};

/** By their place in `names`. @throws {FerryError} what concerns all of them: a folder, a line, CANCELLED */
export async function relayPack(
  { origin, from, to, names }: RelayPackSpec,
  context: TransferContext,
): Promise<readonly PackOutcome[]> {
  const found = await fetchAll(origin, from, names, context);
  const places: number[] = [];
  const files: PackedFile[] = [];
  const outcomes = found.map((one, place): PackOutcome => {
    if (one === 'again' || one instanceof FerryError) return one;
    places.push(place);
    files.push(one);
    return 'moved';
  });
  if (files.length === 0) return outcomes;
  for (const { index, code, message } of await sendPack(to, files, context)) {
    const place = places[index];
    if (place !== undefined) outcomes[place] = fromWireError([code, message, 0]);
  }
  for (const [i, { content }] of files.entries())
    if (outcomes[places[i] ?? 0] === 'moved') context.onBytes(content.length);
  return outcomes;
}

/** All of them, or why not; what came damaged is asked for again. */
async function fetchAll(
  { lanes }: Origin,
  folder: Path,
  names: readonly Name[],
  { gate, signal }: TransferContext,
): Promise<readonly (PackedFile | FerryError | 'again')[]> {
  const found: (PackedFile | FerryError | 'again' | undefined)[] = names.map(() => undefined);
  for (let failures = 0; ; ) {
    await gate.pass(signal);
    const wanted = names.flatMap((name, place) => (found[place] === undefined ? [{ name, place }] : []));
    if (wanted.length === 0) break;
    const known = (index: number): { readonly name: Name; readonly place: number } => {
      const one = wanted[index];
      if (one === undefined)
        throw new FerryError(Code.MALFORMED, 'the server sent a file that was not asked for');
      return one;
    };
    try {
      const lane = await lanes.take(signal);
      try {
        await lane.channel.call(
          fetch,
          { folder, names: wanted.map(({ name }) => name) },
          {
            signal,
            timeoutMs: stallMs,
            onPart: (part) => {
              for (const { index, code, message } of part.failures)
                found[known(index).place] = code === Code.LIMIT ? 'again' : fromWireError([code, message, 0]);
              for (const file of part.files) {
                lane.moved(file.content.length);
                const { name, place } = known(file.index);
                found[place] = checked(file, name);
              }
            },
          },
        );
      } finally {
        lane.release();
      }
      if (wanted.some(({ place }) => found[place] === undefined))
        throw new FerryError(Code.INTEGRITY, 'the server left out a file');
    } catch (thrown) {
      const error = asFerryError(thrown);
      failures += 1;
      if (!(isOfTheLine(error) || error.code === Code.INTEGRITY) || failures > patience) throw error;
      await restBefore(failures, error, signal);
    }
  }
  return found.map((one) => one ?? new FerryError(Code.INTERNAL, 'the file was forgotten'));
}

/** The name is ours, whatever the server says; undefined where the content is not what its digest says. */
function checked({ facts, rootDigest, content }: FetchedFile, name: Name): PackedFile | undefined {
  if (!sameDigest(contentDigest(content), rootDigest)) return undefined;
  return { name, modified: facts.modified, mode: facts.mode, rootDigest, content };
}
