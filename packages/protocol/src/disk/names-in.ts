/** The names in an open folder, as bytes, with what they stand for; nothing is looked at further. Called on I/O threads. */

import { opendirSync } from 'node:fs';
import { byteString, isName, type Name } from '../path.ts';
import { folderPath } from './at.ts';

/** Names that one system call asks for. */
const namesPerCall = 256;

/** In the folder's own order. Holds a descriptor until it ends or is returned. @throws raw system errors */
export function* namesIn(folderFd: number): Generator<{ name: Name; isFolder: boolean }, void, void> {
  // The types know no buffers here, the function does: BufferEncoding lacks 'buffer'.
  const encoding = 'buffer' as BufferEncoding;
  const folder = opendirSync(folderPath(folderFd), { encoding, bufferSize: namesPerCall });
  try {
    for (let found = folder.readSync(); found !== null; found = folder.readSync()) {
      const name = byteString(found.name as unknown as Buffer);
      if (isName(name)) yield { name, isFolder: found.isDirectory() };
    }
  } finally {
    folder.closeSync();
  }
}
