/** What a session watches, joined to its connection. Made in connection.ts; worker threads. */

import type { ServerChannel } from '@ferry/protocol/session';
import { SessionWatches } from '../watching/session-watches.ts';
import type { WatchedFolders } from '../watching/watched-folders.ts';
import type { SessionContext } from './context.ts';

export function watchesFor(
  { principal, standing }: SessionContext,
  folders: WatchedFolders,
  channel: ServerChannel,
): SessionWatches {
  return new SessionWatches({
    folders,
    root: principal.root,
    rights: standing.rights,
    send: (event) => channel.sendEvent(event),
    writable: () => channel.writable,
    drained: () => channel.ready(),
  });
}
