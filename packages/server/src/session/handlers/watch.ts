/** watch, unwatch: see the messages of that name. */

import { unwatch, watch } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionWatches } from '../../watching/session-watches.ts';

export function watchHandler(watches: SessionWatches) {
  return handler(watch, async ({ id, path }) => ({ pollMs: await watches.watch(id, path) }));
}

export function unwatchHandler(watches: SessionWatches) {
  return handler(unwatch, ({ id }) => {
    watches.unwatch(id);
    return {};
  });
}
