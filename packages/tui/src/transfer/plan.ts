/**
 * What a job consists of, found while it already moves: folders before what is in them, one folder read at a time. I/O thread.
 */

import {
  asFerryError,
  Code,
  type Entry,
  EntryKind,
  type Facts,
  FerryError,
  joinPath,
  type Name,
  type Path,
  type Time,
} from '@ferry/protocol';

/** One thing to do; `below` is its path relative to the job's source, [] for the source itself. */
export type PlanItem =
  | {
      readonly kind: 'folder';
      readonly below: Path;
      /** As the listing said. */
      readonly entry?: Entry | undefined;
    }
  | { readonly kind: 'link'; readonly below: Path }
  | {
      readonly kind: 'file';
      readonly below: Path;
      readonly size: number;
      readonly modified?: Time | undefined;
      /** Permissions, and bits beyond these. */
      readonly mode?: number | undefined;
      /** As they were a moment ago, where they are known. */
      readonly facts?: Facts | undefined;
    }
  /** Something that is not moved, and why. */
  | { readonly kind: 'refused'; readonly below: Path; readonly error: FerryError };

export type Lister = (folder: Path, signal: AbortSignal) => Promise<readonly Entry[]>;

/**
 * Walks `source`. A folder below it that cannot be read is one refused item; the walk goes on. Who answers a folder with
 * `next(false)` gets nothing of what is in it.
 * @throws {FerryError} CANCELLED; why the source itself cannot be read
 */
export async function* plan(
  source: Path,
  kind: EntryKind,
  top: { readonly size: number; readonly entry?: Entry; readonly facts?: Facts },
  list: Lister,
  signal: AbortSignal,
): AsyncGenerator<PlanItem, void, boolean | undefined> {
  if (kind !== EntryKind.folder) {
    yield itemOf([], kind, top, top.entry, top.facts);
    return;
  }
  const open: { readonly folder: Path; readonly entry?: Entry }[] = [
    top.entry === undefined ? { folder: [] } : { folder: [], entry: top.entry },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { folder, entry: own } = next;
    let entries: readonly Entry[];
    try {
      entries = await list(joinPath(source, ...folder), signal);
    } catch (thrown) {
      const error = asFerryError(thrown);
      if (folder.length === 0 || error.code === Code.CANCELLED) throw error;
      yield { kind: 'refused', below: folder, error };
      continue;
    }
    if ((yield { kind: 'folder', below: folder, entry: own }) === false) continue;
    const byName = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of byName)
      if (entry.kind !== EntryKind.folder) yield itemOf(below(folder, entry.name), entry.kind, entry, entry);
    for (const entry of byName.toReversed())
      if (entry.kind === EntryKind.folder) open.push({ folder: below(folder, entry.name), entry });
  }
}

function below(folder: Path, name: Name): Path {
  return joinPath(folder, name);
}

function itemOf(
  path: Path,
  kind: EntryKind,
  { size }: { readonly size: number },
  entry?: Pick<Entry, 'modified' | 'mode'>,
  facts?: Facts,
): PlanItem {
  if (kind === EntryKind.file)
    return { kind: 'file', below: path, size, modified: entry?.modified, mode: entry?.mode, facts };
  if (kind === EntryKind.symlink) return { kind: 'link', below: path };
  return {
    kind: 'refused',
    below: path,
    error: new FerryError(Code.NOT_REGULAR, 'a device or pipe is not copied'),
  };
}
