/** What one person's connection has at hand; made in connection.ts when it logs in or shows a ticket. Worker threads. */

import { type Path, type Shown, show, showName } from '@ferry/protocol';
import { deviceId } from '../access/device-id.ts';
import type { Principal } from '../access/principal.ts';
import type { Standing } from '../access/standing.ts';
import { type Audit, auditLine } from '../audit/audit-line.ts';
import { gatherLooks } from '../audit/gather-looks.ts';
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
  /** undefined: nobody keeps an audit log. */
  readonly audit: Audit | undefined;
};

/** Tells what this person does, with paths as the shared folder has them. `write` takes one line. */
export function auditOf(
  write: ((line: string) => void) | undefined,
  { user, account, root }: Principal,
  peer: string,
  session: string,
): Audit | undefined {
  if (write === undefined) return undefined;
  const device = account === undefined ? undefined : deviceId(account.device);
  const share = account?.share;
  const maker = share === undefined ? undefined : show(share.maker.user);
  const actor = { user: show(user), maker, account: account?.id, device, peer, session };
  const placed = (path: Path | undefined): Path | undefined =>
    path === undefined ? undefined : [...root, ...path];
  return gatherLooks((action) =>
    write(auditLine(actor, { ...action, path: placed(action.path), to: placed(action.to) }, Date.now())),
  );
}

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
