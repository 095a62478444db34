/** who, activity: see the messages of that name. */

import { activity, who } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionPresence } from '../../presence/session-presence.ts';

export function whoHandler(presence: SessionPresence) {
  return handler(who, async (_request, call) => {
    for (const person of presence.who()) if (!call.part({ person })) await call.ready();
    return {};
  });
}

export function activityHandler(presence: SessionPresence) {
  return handler(activity, ({ activity: shown }) => {
    presence.shows(shown);
    return {};
  });
}
