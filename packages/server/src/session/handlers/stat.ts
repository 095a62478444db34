/** stat: see the message of that name. */

import { stat } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function statHandler({ storage }: SessionContext) {
  return handler(stat, async ({ path }, { signal }) => ({ facts: await storage.stat(path, { signal }) }));
}
