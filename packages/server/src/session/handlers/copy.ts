/** copy and move: see the messages of that name. */

import { type Copy, copy, Existing, move, type TreeDone, type TreeProgress } from '@ferry/protocol/messages';
import { handler, type ServerCall } from '@ferry/protocol/session';
import type { Works } from '../../storage/works.ts';
import { aboutMoving, type SessionContext, shownPath } from '../context.ts';
import { type SessionWorks, treeDoneOf, treeParts } from '../works.ts';

const rules = {
  [Existing.fail]: 'fail',
  [Existing.overwrite]: 'overwrite',
  [Existing.skip]: 'skip',
} as const;

export function copyHandler(context: SessionContext, works: SessionWorks) {
  return handler(copy, (request, call) => run(context, works, 'copy', request, call));
}

export function moveHandler(context: SessionContext, works: SessionWorks) {
  return handler(move, (request, call) => run(context, works, 'move', request, call));
}

async function run(
  context: SessionContext,
  works: SessionWorks,
  verb: keyof Pick<Works, 'copy' | 'move'>,
  { from, to, existing, expected }: Copy,
  call: ServerCall<TreeProgress>,
): Promise<TreeDone> {
  const beganMs = performance.now();
  const work = await works.run(
    call,
    treeParts,
    (work) => context.storage.works[verb]({ from, to, existing: rules[existing], expected }, work),
    aboutMoving(context, verb, from),
  );
  context.log({
    what: verb === 'copy' ? 'copied' : 'moved',
    who: context.who,
    path: shownPath(context, from),
    to: shownPath(context, to),
    files: work.files,
    bytes: work.bytes,
    ms: performance.now() - beganMs,
  });
  return treeDoneOf(work);
}
