/**
 * A folder's entries, a page at a time. Called on I/O threads; how fast pages are asked for is the only pace there is.
 */

import { closeSync, opendirSync } from 'node:fs';
import type { Entry } from '../entry.ts';
import { limits } from '../limits.ts';
import { byteString, isName, type Path, stagingName } from '../path.ts';
import { folderPath } from './at.ts';
import { diskError } from './errno.ts';
import { entryOf } from './facts.ts';
import type { Root } from './root.ts';

export type PageOpts = {
  /** Entries of one page at most. */
  readonly pageEntries?: number;
  /** Bytes of one page at most, as the wire counts them. */
  readonly pageBytes?: number;
};

/** What an entry takes on the wire beside its name, at most. */
const rowBytes = 36;
/** Names that one system call asks for. */
const namesPerCall = 256;

/**
 * Pages in the folder's own order, none of them empty; an empty folder has no page. Entries that vanish meanwhile and
 * whatever lies on other file systems are left out. Holds two descriptors until it ends or is returned (`for … of` does).
 * @throws {FerryError} at the first `next`: NOT_FOUND, NOT_FOLDER, FORBIDDEN; at any: IO_ERROR
 */
export function* list(root: Root, path: Path, opts: PageOpts = {}): Generator<readonly Entry[], void, void> {
  const { pageEntries = limits.pageEntries, pageBytes = limits.pageBytes } = opts;
  const folderFd = root.holdFolder(path);
  try {
    let page: Entry[] = [];
    let bytes = 0;
    for (const entry of entriesOf(root, folderFd, path.length === 0 && root.hideStaging)) {
      const more = entry.name.length + rowBytes;
      if (page.length > 0 && (page.length >= pageEntries || bytes + more > pageBytes)) {
        yield page;
        page = [];
        bytes = 0;
      }
      page.push(entry);
      bytes += more;
    }
    if (page.length > 0) yield page;
  } catch (error) {
    throw diskError(error);
  } finally {
    closeSync(folderFd);
  }
}

function* entriesOf(root: Root, folderFd: number, hideStaging: boolean): Generator<Entry, void, void> {
  // The types know no buffers here, the function does: BufferEncoding lacks 'buffer'.
  const encoding = 'buffer' as BufferEncoding;
  const folder = opendirSync(folderPath(folderFd), { encoding, bufferSize: namesPerCall });
  try {
    for (let found = folder.readSync(); found !== null; found = folder.readSync()) {
      const name = byteString(found.name as unknown as Buffer);
      if (!isName(name) || (hideStaging && name === stagingName)) continue;
      const stats = root.lookAt(folderFd, name);
      if (stats !== undefined) yield entryOf(name, stats);
    }
  } finally {
    folder.closeSync();
  }
}
