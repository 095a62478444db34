/** unpack: see the message of that name. */

import { unpack } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { aboutMoving, type SessionContext, shownPath } from '../context.ts';
import { type SessionWorks, treeDoneOf, treeParts } from '../works.ts';

export function unpackHandler(context: SessionContext, works: SessionWorks) {
  return handler(unpack, async ({ archive, to }, call) => {
    const beganMs = performance.now();
    const work = await works.run(
      call,
      treeParts,
      (work) => context.storage.works.unpack({ archive, to }, work),
      aboutMoving(context, 'unpack', archive),
    );
    context.log({
      what: 'unpacked',
      who: context.who,
      path: shownPath(context, archive),
      to: shownPath(context, to),
      files: work.files,
      bytes: work.bytes,
      ms: performance.now() - beganMs,
    });
    return treeDoneOf(work);
  });
}
