/** The one place where a message meets the table of what it needs, and the audit log. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import type { Kind } from '@ferry/protocol/wire';
import { audited } from './audited.ts';
import type { SessionContext } from './context.ts';

/** The same handlers; what may not be done now is answered with why instead of being looked into. */
export function permitted(
  { standing, audit }: Pick<SessionContext, 'standing' | 'audit'>,
  handlers: Handlers,
): Handlers {
  return new Map(
    [...handlers].map(([kind, entry]) => {
      const check = (): void => standing.check(kind as Kind);
      if (audit !== undefined) return [kind, audited(kind, entry, audit, check)];
      return [
        kind,
        {
          ...entry,
          serve: async (body, call, encode) => {
            check();
            return entry.serve(body, call, encode);
          },
        },
      ];
    }),
  );
}
