/** What one person's connection has at hand; made in connection.ts when it logs in or shows a ticket. Worker threads. */

import { type Path, type Shown, showName } from '@ferry/protocol';
import type { Principal } from '../access/principal.ts';
import type { Standing } from '../access/standing.ts';
import type { LogEvent, Who } from '../log-event.ts';
import type { Storage } from '../storage/storage.ts';

export type SessionContext = {
  readonly principal: Principal;
  readonly standing: Standing;
  readonly who: Who;
  /** Seen from the account's root, and held against its rights. */
  readonly storage: Storage;
  readonly log: (event: LogEvent) => void;
};

/** Where something is below the shared folder, for the log: the same for all accounts. */
export function shownPath({ principal }: SessionContext, path: Path): Shown {
  return showName(`/${[...principal.root, ...path].join('/')}`);
}
