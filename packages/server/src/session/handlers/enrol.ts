/** enrol: see the message of that name. */

import { type Enrol, enrol } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';

export function enrolHandler(enrolDevice: (request: Enrol) => Promise<void>) {
  return handler(enrol, async (request) => {
    await enrolDevice(request);
    return {};
  });
}
