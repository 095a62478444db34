/** store: see the message of that name. */

import { Overwrite, type StoreFailure, store } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { aboutPack, shownPath } from '../context.ts';
import type { LaneContext } from '../lane.ts';

export function storeHandler(context: LaneContext) {
  return handler(store, async ({ folder, overwrite, again, files }, { signal }) => {
    context.transfers.checkWelcome();
    const transfer = context.transfers.begin(true, aboutPack(context, 'upload', folder, files.length));
    const beganMs = performance.now();
    try {
      const existing = overwrite === Overwrite.never ? 'fail' : 'overwrite';
      const { outcomes, durable } = await context.storage.storePack(
        { folder, existing, again, files },
        { signal },
      );
      const failures: StoreFailure[] = [];
      outcomes.forEach((error, index) => {
        if (error !== undefined) failures.push({ index, code: error.code, message: error.message });
      });
      const ms = performance.now() - beganMs;
      files.forEach(({ name, content }, i) => {
        const done = { path: [...folder, name], bytes: content.length, ms, error: outcomes[i] };
        context.audit?.({ verb: 'upload', ...done });
      });
      const stored = files.filter((_, i) => outcomes[i] === undefined);
      if (stored.length > 0) {
        context.log({
          what: 'received',
          who: context.who,
          path: shownPath(context, folder),
          files: stored.length,
          bytes: stored.reduce((sum, { content }) => sum + content.length, 0),
          ms,
        });
      }
      return { failures, durable };
    } finally {
      transfer.over();
    }
  });
}
