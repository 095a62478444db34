/** Long work in object storage: copied where it lies, removed a thousand at once. Made by s3-storage.ts; worker threads. */

import { Code, FerryError, type Path } from '@ferry/protocol';
import { plainWorks } from '../plain-works.ts';
import type { Storage } from '../storage.ts';
import type { Work, Works } from '../works.ts';
import type { BucketTrash } from './bucket-trash.ts';
import type { Copies } from './copies.ts';
import type { Objects } from './objects.ts';
import { removeBelow } from './remove-below.ts';

/** Entries that are under way at once: each is a few requests, which wait for the store and not for us. */
const width = 16;

export function s3Works(
  storage: Omit<Storage, 'works'>,
  objects: Objects,
  copies: Copies,
  trash: BucketTrash,
): Works {
  const plain = plainWorks(storage, {
    width,
    movesEach: true,
    copyFile: (facts, spec, work) => copies.copy(facts, spec, work),
  });
  return {
    ...plain,
    removeTree: (path, work) => removeTree(storage, objects, path, work),
    trash: (path, owner, work) => trash.put(path, owner, work, Date.now()),
    listTrash: (owner, inside, work, rows) => trash.list(owner, inside, work, rows),
    restore: (owner, inside, id, to) => trash.restore(owner, inside, id, to),
    emptyTrash: (owner, inside, ids, work) => trash.empty(owner, inside, ids, work),
  };
}

/** Cancelled, the rest stays, also where the folder's own object has gone first: it is a folder by what lies below it. */
async function removeTree(
  storage: Omit<Storage, 'works'>,
  objects: Objects,
  path: Path,
  work: Work,
): Promise<void> {
  if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  const found = await objects.find(path);
  if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
  if (found.kind === 'file') {
    await storage.remove(path);
    work.files += 1;
    return;
  }
  await removeBelow(objects.store, objects.keys.folder(path), async (keys) => {
    await work.turn();
    work.check();
    const folders = keys.filter((key) => key.endsWith('/')).length;
    work.folders += folders;
    work.files += keys.length - folders;
  });
}
