/** Learning of a tree by a storage's single steps; part of plain-works.ts. Worker threads. */

import { asFerryError, type Entry, EntryKind, entryTest, type Path } from '@ferry/protocol';
import { blockCount, LineSearch, tarEnd, tarHeader, tarPadding, wholeDigest } from '@ferry/protocol/content';
import type { Storage } from './storage.ts';
import type { Hit, UsageRow, Work, Works } from './works.ts';

type Steps = Omit<Storage, 'works'>;
type Visit = (entry: Entry, below: Path) => Promise<void>;

export function plainSurvey(storage: Steps): Pick<Works, 'sum' | 'usage' | 'find' | 'archive'> {
  return {
    sum: (path, algorithm, work, rows) =>
      walk(storage, path, work, async ({ kind, size }, below) => {
        if (kind !== EntryKind.file) return;
        const digest = wholeDigest(algorithm);
        await readThrough(storage, [...path, ...below], work, (chunk) => {
          digest.update(chunk);
          return Promise.resolve(true);
        });
        await rows({ path: below, size, digest: digest.digest() });
      }),
    archive: async (path, work, sink) => {
      const prefix = path.slice(-1);
      const put = async (entry: Entry, below: Path): Promise<void> => {
        const isFolder = entry.kind === EntryKind.folder;
        const name = [...prefix, ...below].join('/');
        const { size, mode, modified } = entry;
        const kind = isFolder ? 'folder' : 'file';
        await sink(tarHeader({ path: name, kind, size, mode, modified: modified.s, target: '' }));
        if (isFolder) return;
        await readThrough(storage, [...path, ...below], work, async (chunk) => {
          await sink(chunk);
          return true;
        });
        await sink(tarPadding(size));
      };
      const top = await storage.stat(path);
      if (prefix.length > 0 && top.kind === EntryKind.folder) await put(top, []);
      await walk(storage, path, work, put);
      await sink(tarEnd);
    },
    usage: async (path, work, rows) => {
      const byName = new Map<string, UsageRow>();
      await walk(storage, path, work, async ({ kind, size }, below) => {
        work.bytes += size;
        work.allocated += size;
        const [name] = below;
        const isFolder = kind === EntryKind.folder;
        if (name === undefined || (below.length === 1 && !isFolder)) return;
        const row = byName.get(name) ?? { name, files: 0, folders: 0, bytes: 0, allocated: 0 };
        byName.set(name, {
          name,
          files: row.files + (isFolder ? 0 : 1),
          folders: row.folders + (isFolder ? 1 : 0),
          bytes: row.bytes + size,
          allocated: row.allocated + size,
        });
      });
      for (const row of byName.values()) await rows(row);
    },
    find: async (path, query, most, work, rows) => {
      const fits = entryTest(query);
      const enough = new Enough();
      let count = 0;
      const tell = async (hit: Hit): Promise<void> => {
        if (count >= most) throw enough;
        count += 1;
        await rows(hit);
      };
      try {
        await walk(storage, path, work, async (entry, below) => {
          if (!fits(entry)) return;
          const folder = below.slice(0, -1);
          if (query.content === undefined) {
            await tell({ folder, entry, line: 0, text: '' });
            return;
          }
          const search = new LineSearch(query.content, query.anyCase);
          await readThrough(storage, [...path, ...below], work, async (chunk, isLast) => {
            for (const hit of search.push(chunk, isLast)) await tell({ folder, entry, ...hit });
            return !search.isOver;
          });
        });
        return false;
      } catch (error) {
        if (error === enough) return true;
        throw error;
      }
    },
  };
}

/** Thrown through the walk; no error of any entry. */
class Enough extends Error {}

async function walk(storage: Steps, path: Path, work: Work, visit: Visit): Promise<void> {
  const { identity: _, ...top } = await storage.stat(path);
  if (top.kind !== EntryKind.folder) {
    work.files += 1;
    await visit(top, []);
    return;
  }
  const inside = async (below: Path): Promise<void> => {
    work.folders += 1;
    for await (const page of storage.list([...path, ...below])) {
      for (const entry of page) {
        const turn = work.turn();
        if (turn !== undefined) await turn;
        const one = [...below, entry.name];
        if (!work.sees([...path, ...one])) continue;
        try {
          if (entry.kind !== EntryKind.folder) work.files += 1;
          await visit(entry, one);
          if (entry.kind === EntryKind.folder) await inside(one);
        } catch (error) {
          if (error instanceof Enough) throw error;
          work.fail(one, asFerryError(error));
        }
      }
    }
  };
  await inside([]);
}

async function readThrough(
  storage: Steps,
  path: Path,
  work: Work,
  use: (chunk: Buffer, isLast: boolean) => Promise<boolean>,
): Promise<void> {
  const file = await storage.openRead(path, undefined);
  try {
    const count = Math.max(1, blockCount(file.facts.size));
    for (let index = 0; index < count; index++) {
      const turn = work.turn();
      if (turn !== undefined) await turn;
      const length = await file.read(index, work.buffer);
      work.bytes += length;
      if (!(await use(work.buffer.subarray(0, length), index === count - 1))) return;
    }
  } finally {
    file.close();
  }
}
