/** Room on the file system of a folder. Main thread; asked once for each look at the server. */

import { statfsSync } from 'node:fs';

export type Space = { readonly free: number; readonly total: number };

/** What users may still fill, bytes; undefined where the folder is gone or its file system does not say. */
export function spaceOn(folder: string): Space | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return undefined;
  }
}
