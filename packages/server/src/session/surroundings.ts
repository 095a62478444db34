/** What a session watches, and how it is among others, joined to its connection. Made in connection.ts; worker threads. */

import type { ServerChannel } from '@ferry/protocol/session';
import type { People } from '../presence/people.ts';
import { SessionPresence } from '../presence/session-presence.ts';
import { SessionWatches } from '../watching/session-watches.ts';
import type { WatchedFolders } from '../watching/watched-folders.ts';
import type { SessionContext } from './context.ts';

export type Surroundings = { readonly watches: SessionWatches; readonly presence: SessionPresence };

export function surroundingsFor(
  { principal, standing }: SessionContext,
  { folders, people }: { readonly folders: WatchedFolders; readonly people: People },
  channel: ServerChannel,
  client: string,
): Surroundings {
  const common = {
    rights: standing.rights,
    send: channel.sendEvent.bind(channel),
    writable: () => channel.writable,
    drained: () => channel.ready(),
  };
  return {
    watches: new SessionWatches({ ...common, folders, root: principal.root }),
    presence: new SessionPresence({ ...common, people, principal, client, nowMs: Date.now() }),
  };
}
