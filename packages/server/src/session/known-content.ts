/**
 * Large files are remembered by what they begin with, and found again by whoever may read them. Lanes and
 * worker/learn-contents.ts; worker threads.
 */

import type { Facts, Path } from '@ferry/protocol';
import { Code, FerryError, limits } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import type { Place } from '@ferry/protocol/messages';
import type { ContentIndex } from '../storage/content-index.ts';
import type { Storage } from '../storage/storage.ts';

/** Smaller files are sent sooner than compared. */
export const worthRememberingBytes = 4 * limits.blockBytes;

export type Where = {
  readonly storage: Storage;
  readonly contents: ContentIndex;
  /** Of the storage, below the shared folder. */
  readonly root: Path;
};

/** Never throws for the file's or the storage's sake: this is nobody's request. */
export async function rememberContent(
  { storage, contents, root }: Where,
  path: Path,
  { size, identity }: Facts,
): Promise<void> {
  if (size < worthRememberingBytes) return;
  const place = [...root, ...path];
  if (contents.has(place, identity)) return;
  try {
    const file = await storage.openRead(path, identity);
    try {
      const block = Buffer.allocUnsafe(limits.blockBytes);
      const length = await file.read(0, block);
      contents.add({ path: place, identity, size, firstBlock: blockDigest(block.subarray(0, length)) });
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
  }
}

const gone: ReadonlySet<Code> = new Set([Code.NOT_FOUND, Code.NOT_REGULAR, Code.SOURCE_CHANGED]);

/** A file that is there now, as this account names it. */
export async function locateContent(
  { storage, contents, root }: Where,
  size: number,
  firstBlock: Uint8Array,
  signal: AbortSignal,
): Promise<Place | undefined> {
  for (const { path: place, identity } of contents.find(size, firstBlock)) {
    if (!root.every((name, i) => place[i] === name)) continue;
    const path = place.slice(root.length);
    try {
      // Opened, not looked at: who may not read it must not learn of it.
      (await storage.openRead(path, identity, { signal })).close();
      return { path, identity };
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      if (gone.has(error.code)) contents.remove(place);
    }
  }
  return undefined;
}
