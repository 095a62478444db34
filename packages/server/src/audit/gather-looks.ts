/**
 * Who looks through a file, or searches in it, asks for it piece by piece: pieces of one file one after the other become one line of
 * the audit log. Worker threads.
 */

import { samePath } from '@ferry/protocol';
import { Kind, kindName } from '@ferry/protocol/wire';
import type { Action, Audit } from './audit-line.ts';

/** A line comes at the latest so long after its first piece, milliseconds. */
const longestMs = 5000;
const look = kindName(Kind.readRange);

/** The same order; whatever else is told comes after the looks before it. */
export function gatherLooks(audit: Audit): Audit {
  let gathered: Action | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    const action = gathered;
    gathered = undefined;
    if (action !== undefined) audit(action);
  };
  return (action) => {
    const isLook = action.verb === look && action.error === undefined && action.path !== undefined;
    if (isLook && gathered?.path !== undefined && samePath(gathered.path, action.path ?? [])) {
      gathered = {
        ...gathered,
        bytes: (gathered.bytes ?? 0) + (action.bytes ?? 0),
        times: (gathered.times ?? 1) + 1,
        ms: gathered.ms + action.ms,
      };
      return;
    }
    flush();
    if (!isLook) {
      audit(action);
      return;
    }
    gathered = action;
    timer = setTimeout(flush, longestMs);
  };
}
