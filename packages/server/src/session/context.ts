/** What one person's connection has at hand; made in connection.ts when it logs in or shows a ticket. Worker threads. */

import { type Path, type Shown, showName } from '@ferry/protocol';
import type { Principal } from '../access/principal.ts';
import type { Standing } from '../access/standing.ts';
import type { LogEvent, Who } from '../log-event.ts';
import type { Storage } from '../storage/storage.ts';
import type { About } from '../worker/transfers.ts';

export type SessionContext = {
  /** Hex. */
  readonly sessionId: string;
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

/** What the owner sees of something that moves for this session. */
export function aboutMoving(context: SessionContext, verb: About['verb'], path: Path, size?: number): About {
  const about = { sessionId: context.sessionId, verb, path: shownPath(context, path) };
  return size === undefined ? about : { ...about, size };
}

/** The same of small files that move together. */
export function aboutPack(
  context: SessionContext,
  verb: 'download' | 'upload',
  folder: Path,
  files: number,
): About {
  return { ...aboutMoving(context, verb, folder), files };
}
