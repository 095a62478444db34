/** The one place where an operation meets the table of rights. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import type { Kind } from '@ferry/protocol/wire';
import { checkRight, type Role } from '../access/principal.ts';

/** The same handlers; those that the role lacks answer READ_ONLY or FORBIDDEN instead of doing anything. */
export function permitted(role: Role, handlers: Handlers): Handlers {
  return new Map(
    [...handlers].map(([kind, entry]) => [
      kind,
      {
        ...entry,
        serve: async (body, call, encode) => {
          checkRight(role, kind as Kind);
          return entry.serve(body, call, encode);
        },
      },
    ]),
  );
}
