/** Temporary folders, names and paths for tests that touch the disk. */

import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameFromText, type Path } from '@ferry/protocol';

/** Where something is tidied up afterwards: a test's or suite's context, or the `after` of node:test. */
export type Afterwards = { after(fn: () => void): void };

/** A new empty folder, removed after the test. */
export function scratchFolder(afterwards: Afterwards): string {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-test-'));
  afterwards.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `path('a/b')` */
export function path(text: string): Path {
  return text === '' ? [] : text.split('/').map(nameFromText);
}

/**
 * Everything about a tree that an intruder could change, access times included, as comparable lines. It reads no file, which
 * would be an access too; whoever writes one leaves its change time.
 */
export function snapshot(folder: string): readonly string[] {
  const stats = lstatSync(folder, { bigint: true });
  const own = `${folder} ${stats.ino} ${stats.mode} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.nlink}`;
  if (stats.isDirectory()) {
    return [
      own,
      ...readdirSync(folder)
        .sort()
        .flatMap((name) => snapshot(join(folder, name))),
    ];
  }
  return [stats.isFile() ? `${own} ${stats.atimeNs}` : own];
}
