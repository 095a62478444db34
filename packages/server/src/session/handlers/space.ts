/** space: see the message of that name. */

import { space } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function spaceHandler({ storage }: SessionContext) {
  return handler(space, ({ path }, { signal }) => storage.space(path, { signal }));
}
