/** list: pages as the folder is read, no faster than the client takes them. */

import { list } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionWatches } from '../../watching/session-watches.ts';
import type { SessionContext } from '../context.ts';

export function listHandler({ storage }: SessionContext, watches: SessionWatches) {
  return handler(list, async ({ path }, call) => {
    await watches.settled(path);
    for await (const entries of storage.list(path, { signal: call.signal })) {
      if (!call.part({ entries })) await call.ready();
    }
    return {};
  });
}
