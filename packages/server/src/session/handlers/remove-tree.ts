/** removeTree: see the message of that name. */

import { removeTree } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { aboutMoving, type SessionContext, shownPath } from '../context.ts';
import { type SessionWorks, treeDoneOf, treeParts } from '../works.ts';

export function removeTreeHandler(context: SessionContext, works: SessionWorks) {
  return handler(removeTree, async ({ path }, call) => {
    const work = await works.run(
      call,
      treeParts,
      (work) => context.storage.works.removeTree(path, work),
      aboutMoving(context, 'remove', path),
    );
    context.log({
      what: 'removed',
      who: context.who,
      path: shownPath(context, path),
      files: work.files,
    });
    return treeDoneOf(work);
  });
}
