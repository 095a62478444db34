/**
 * Whether what `test/tools/bundle.ts` has put together of a program's sources is still what they say. Asked by both programs before
 * all else; main thread.
 *
 * A bundle starts in half the time, and must never be run in place of sources that say something else. So its list names each file
 * that it was made of, with its size and the time of its last change as the file system keeps it (ctime: nobody can set it).
 */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Program = 'ferry' | 'ferryd';

/** The top of this checkout: bundles are made there alone. */
const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
/** Where bundles and their lists are, from the top; goes with `node_modules`. */
export const bundleFolder = 'node_modules/.cache/ferry';

/** The list of a program's bundle: its first file, then what it was made of, one in a line. All paths are from the top. */
export function bundleList(program: Program): string {
  return `${bundleFolder}/${program}.list`;
}

/** How a file shows that it has changed. undefined: it is not there */
export function fileState(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ctimeMs} ${found.size}`;
}

/** One source's line in a list. */
export function listLine(path: string, state: string): string {
  return `${state} ${path}`;
}

/** The first file of the program's bundle, as an absolute path. undefined: there is none, or sources have changed since */
export function currentBundle(program: Program, top: string = checkout): string | undefined {
  try {
    const [entry = '', ...lines] = readFileSync(join(top, bundleList(program)), 'utf8')
      .trimEnd()
      .split('\n');
    const isCurrent = lines.every((line) => {
      const path = line.slice(line.indexOf(' ', line.indexOf(' ') + 1) + 1);
      const state = fileState(join(top, path));
      return state !== undefined && listLine(path, state) === line;
    });
    const first = join(top, entry);
    return isCurrent && lines.length > 0 && fileState(first) !== undefined ? first : undefined;
  } catch {
    // What cannot be read is no bundle; the sources are there.
    return undefined;
  }
}
