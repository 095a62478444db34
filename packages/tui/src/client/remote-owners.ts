/** Whom the server's files belong to, over the control connection. I/O thread. */

import type { Owner, Path } from '@ferry/protocol';
import { owner, setOwner } from '@ferry/protocol/messages';
import type { Connection } from './connection.ts';

/** Both throw what the messages of these names say, and why the server cannot be reached. */
export type RemoteOwners = {
  readonly get: (path: Path, signal: AbortSignal) => Promise<Owner>;
  readonly set: (path: Path, owner: Owner, signal: AbortSignal) => Promise<void>;
};

export function remoteOwners(connection: Connection): RemoteOwners {
  return {
    get: async (path, signal) => (await connection.session(signal)).channel.call(owner, { path }, { signal }),
    set: async (path, whose, signal) => {
      await (await connection.session(signal)).channel.call(setOwner, { path, ...whose }, { signal });
    },
  };
}
