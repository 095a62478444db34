/**
 * Where a running server says how it is: a socket in a folder that only its user may enter. Who connects is answered with one line of
 * JSON; nothing is ever read. Main thread; asked by `ferryd status`.
 */

import { unlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { asFerryError } from '@ferry/protocol';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import type { ServerStatus } from './status.ts';

/** What the system allows for the path of a socket. */
const longestPath = 107;

/** Resolves when it can be asked; gives why not where that is so: a server runs without as well. */
export function openStatusSocket(
  folder: string,
  pid: number,
  status: () => Promise<ServerStatus>,
): Promise<string | undefined> {
  const path = join(folder, `${pid}.sock`);
  if (Buffer.byteLength(path) > longestPath) return Promise.resolve('the path of its socket is too long');
  try {
    makePrivateFolder(folder);
    unlinkSync(path);
  } catch {
    // Most often there is none left of a process with this number; whatever else is wrong, listening says.
  }
  const server = createServer((socket) => {
    socket.on('error', () => {});
    void status().then(
      (now) => socket.end(`${JSON.stringify(now)}\n`),
      (error: unknown) => {
        asFerryError(error);
        socket.destroy();
      },
    );
  });
  process.on('exit', () => {
    try {
      unlinkSync(path);
    } catch {
      // Who asks next clears it away.
    }
  });
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen(path, () => resolve(undefined));
    server.unref();
  });
}
