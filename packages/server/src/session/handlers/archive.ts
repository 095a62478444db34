/** archive: the bytes as they are made, no faster than the client takes them. */

import { archive } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { BlockStream } from '../block-stream.ts';
import { aboutMoving, shownPath } from '../context.ts';
import type { LaneContext } from '../lane.ts';
import { pressInto } from '../press.ts';
import { type SessionWorks, treeDoneOf, treeParts } from '../works.ts';

export function archiveHandler(context: LaneContext, works: SessionWorks) {
  return handler(archive, async ({ path, format }, call) => {
    const beganMs = performance.now();
    const stream = new BlockStream(context.buffers, call);
    try {
      const work = await works.run(
        call,
        treeParts,
        async (work) => {
          const press = pressInto(format, (bytes) => stream.write(bytes));
          await context.storage.works.archive(path, work, (bytes) => press.write(bytes));
          await press.end();
          await stream.end();
        },
        aboutMoving(context, 'archive', path),
      );
      context.log({
        what: 'sent',
        who: context.who,
        path: shownPath(context, path),
        files: work.files,
        bytes: stream.size,
        ms: performance.now() - beganMs,
      });
      return { ...treeDoneOf(work), blocks: stream.blocks, size: stream.size };
    } finally {
      stream.close();
    }
  });
}
