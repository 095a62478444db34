/**
 * Looks once through all that is shared for large files whose content is not known yet, slowly: so that what was put there by
 * other means is found too. One worker of a server does it, now and then; worker threads.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { EntryKind, FerryError, type Path } from '@ferry/protocol';
import { rememberContent, worthRememberingBytes } from '../session/known-content.ts';
import type { ContentIndex } from '../storage/content-index.ts';
import type { Storage } from '../storage/storage.ts';

/** After each page of a listing and each file, milliseconds: at most a few per cent of a thread. */
const restMs = 20;
/** Folders that wait to be looked into; in a tree that has more in one place, some are left out. */
const mostWaiting = 10_000;

/** Resolves when all has been looked at. What cannot be read is left out. */
export async function learnContents(
  storage: Storage,
  contents: ContentIndex,
  rest: () => Promise<void> = () => pause(restMs, undefined, { ref: false }),
): Promise<void> {
  const root: Path = [];
  const waiting: Path[] = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      for await (const page of storage.list(folder)) {
        for (const { name, kind, size } of page) {
          const path = [...folder, name];
          if (kind === EntryKind.folder && waiting.length < mostWaiting) waiting.push(path);
          if (kind !== EntryKind.file || size < worthRememberingBytes) continue;
          await rest();
          const facts = await storage.stat(path).catch(unlessOurs);
          if (facts !== undefined) await rememberContent({ storage, contents, root }, path, facts);
        }
        await rest();
      }
    } catch (error) {
      unlessOurs(error);
    }
  }
}

/** Gone or forbidden: not ours to know. */
function unlessOurs(error: unknown): undefined {
  if (!(error instanceof FerryError)) throw error;
  return undefined;
}
