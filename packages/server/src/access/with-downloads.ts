/**
 * Any storage, as those who came by a share may read it: what goes out is counted, and where downloads are bounded a file goes out
 * only to who has a place for it (downloads.ts). Put above the rights, below all front ends, so that no handler can forget to count.
 * Worker threads.
 */

import { Code, FerryError, joinPath, type Name, type Path } from '@ferry/protocol';
import { blockLength } from '@ferry/protocol/content';
import type { FetchedPart, ReadHandle, Storage, Wait } from '../storage/storage.ts';
import { note as noteDown } from './note.ts';

/** How a share's reading is counted. */
export type Counting = {
  /** Downloads are bounded: files go out as downloads only, whole. */
  readonly isBounded: boolean;
  /** Some of a file is about to go out for the first time. @returns whether it may. @throws {FerryError} IO_ERROR, BUSY */
  readonly begin: (path: Path, bytes: number, size: number) => Promise<boolean>;
  /** More of it. @throws {FerryError} IO_ERROR, BUSY */
  readonly sent: (path: Path, bytes: number) => Promise<unknown>;
};

/** Written down after so many bytes, or… */
const noteBytes = 8 * 1024 * 1024;
/** …so long after the last time, milliseconds: much less than downloads.ts's quietMs. */
const noteMs = 60_000;

export function withDownloads(storage: Storage, counting: Counting): Storage {
  return {
    ...storage,
    openRead: async (path: Path, identity: string | undefined, opts?: Wait) =>
      counted(await storage.openRead(path, identity, opts), path, counting),
    fetchPack: (folder: Path, names: readonly Name[], opts?: Wait) =>
      countedPack(storage.fetchPack(folder, names, opts), folder, counting),
    works: {
      ...storage.works,
      archive: async (path, work, sink) => {
        if (counting.isBounded) throw asFilesOnly();
        return storage.works.archive(path, work, sink);
      },
      find: async (path, query, most, work, rows) => {
        if (counting.isBounded && query.content !== undefined) throw asFilesOnly();
        return storage.works.find(path, query, most, work, rows);
      },
    },
  };
}

function counted(file: ReadHandle, path: Path, { begin, sent }: Counting): ReadHandle {
  let isBegun = false;
  let bytes = 0;
  let notedMs = 0;
  const note = (): void => {
    if (bytes === 0) return;
    // A file of accounts that cannot be written to now: the bytes go out all the same.
    noteDown(sent(path, bytes));
    bytes = 0;
    notedMs = performance.now();
  };
  /** What is to be waited for before the first of it. */
  const charge = (more: number): Promise<void> | undefined => {
    if (!isBegun) return beginWith(more);
    bytes += more;
    if (bytes >= noteBytes || performance.now() - notedMs > noteMs) note();
    return undefined;
  };
  const beginWith = async (more: number): Promise<void> => {
    if (!(await begin(path, more, file.facts.size))) throw noPlace();
    isBegun = true;
    notedMs = performance.now();
  };
  return {
    facts: file.facts,
    soon: (first, count) => file.soon?.(first, count),
    read: (index, buffer) => {
      const begun = charge(blockLength(file.facts.size, index));
      return begun === undefined ? file.read(index, buffer) : begun.then(() => file.read(index, buffer));
    },
    readAt: (offset, target) => {
      const begun = charge(target.length);
      return begun === undefined
        ? file.readAt(offset, target)
        : begun.then(() => file.readAt(offset, target));
    },
    unchanged: () => file.unchanged(),
    close: () => {
      note();
      file.close();
    },
  };
}

async function* countedPack(
  parts: AsyncIterable<FetchedPart | FerryError>,
  folder: Path,
  { begin }: Counting,
): AsyncGenerator<FetchedPart | FerryError, void, void> {
  for await (const part of parts) {
    if (part instanceof FerryError) yield part;
    else {
      const { facts, content } = part;
      const isAllowed = await begin(joinPath(folder, facts.name), Math.max(1, content.length), facts.size);
      yield isAllowed ? part : noPlace();
    }
  }
}

function noPlace(): FerryError {
  return new FerryError(
    Code.FORBIDDEN,
    'this file has been downloaded as often as its share allows: ask whoever shared it for a new one',
  );
}

function asFilesOnly(): FerryError {
  return new FerryError(
    Code.FORBIDDEN,
    'this share counts downloads: its files can only be downloaded as they are, one by one',
  );
}
