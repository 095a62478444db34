/** The one place where a message meets the table of what it needs. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import type { Kind } from '@ferry/protocol/wire';
import type { Standing } from '../access/standing.ts';

/** The same handlers; what may not be done now is answered with why instead of being looked into. */
export function permitted(standing: Standing, handlers: Handlers): Handlers {
  return new Map(
    [...handlers].map(([kind, entry]) => [
      kind,
      {
        ...entry,
        serve: async (body, call, encode) => {
          standing.check(kind as Kind);
          return entry.serve(body, call, encode);
        },
      },
    ]),
  );
}
