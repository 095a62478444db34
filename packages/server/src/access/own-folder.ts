/** An account's folder, made when somebody comes in who may put files there: each account may so have one of its own. Worker threads. */

import { FerryError, type Path } from '@ferry/protocol';
import type { Storage } from '../storage/storage.ts';
import type { Principal } from './principal.ts';
import { may } from './rights.ts';

/** Whatever is in the way is met again, and told, by the first message that needs the folder. */
export async function makeOwnFolder(storage: Storage, { root, rights }: Principal): Promise<void> {
  if (!may(rights, 'create', root)) return;
  for (let depth = 1; depth <= root.length; depth++) {
    const folder: Path = root.slice(0, depth);
    try {
      await storage.mkdir(folder);
    } catch (error) {
      // Most often it is there.
      if (!(error instanceof FerryError)) throw error;
    }
  }
}
