/** What a running program has open below a folder: what stays there after everybody has gone is lost for good. */

import { readdirSync, readlinkSync } from 'node:fs';

export function heldFiles(pid: number, folder: string): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return path.startsWith(`${folder}/`) ? [path] : [];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
