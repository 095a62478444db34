/** The one place where a message meets the table of what it needs, and the audit log. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import type { Kind } from '@ferry/protocol/wire';
import { audited } from './audited.ts';
import type { SessionContext } from './context.ts';

/**
 * The same handlers; what may not be done now is answered with why instead of being looked into. Wrapped with each message: ten thousand
 * sessions that do nothing have no wrappers.
 */
export function permitted(
  { standing, audit }: Pick<SessionContext, 'standing' | 'audit'>,
  handlers: Handlers,
): Handlers {
  return {
    get: (kind) => {
      const entry = handlers.get(kind);
      if (entry === undefined) return undefined;
      const check = (): void => standing.check(kind as Kind);
      if (audit !== undefined) return audited(kind, entry, audit, check);
      return {
        op: entry.op,
        serve: async (body, call) => {
          check();
          return entry.serve(body, call);
        },
      };
    },
  };
}
