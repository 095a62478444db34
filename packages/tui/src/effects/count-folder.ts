/** How much is in a folder: a walk through its listings. UI thread; the engine does the waiting. */

import { EntryKind, joinPath, type Path } from '@ferry/protocol';
import type { FileSource } from '../engine/source.ts';

export type Counted = { readonly bytes: number; readonly files: number };

/** Folders are told of in between at most this often. */
const tellMs = 250;

export type CountOpts = {
  /** This source lists links to folders as folders, so each one is looked at. */
  readonly mayBeLinks: boolean;
  readonly onProgress: (soFar: Counted) => void;
  readonly signal: AbortSignal;
};

/** Links below `path` are not followed. @throws {FerryError} as FileSource.list, also for a folder inside; CANCELLED */
export async function countFolder(
  source: FileSource,
  path: Path,
  { mayBeLinks, onProgress, signal }: CountOpts,
): Promise<Counted> {
  let bytes = 0;
  let files = 0;
  let told = performance.now();
  const folders: Path[] = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const here = folder;
    if (mayBeLinks && here !== path && (await source.stat(here, { signal })).kind !== EntryKind.folder)
      continue;
    await source.list(
      here,
      (page) => {
        for (const { kind, name, size } of page) {
          if (kind === EntryKind.folder) folders.push(joinPath(here, name));
          else files += 1;
          if (kind === EntryKind.file) bytes += size;
        }
      },
      { signal },
    );
    if (performance.now() - told < tellMs) continue;
    told = performance.now();
    onProgress({ bytes, files });
  }
  return { bytes, files };
}
