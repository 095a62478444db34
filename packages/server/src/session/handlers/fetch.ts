/** fetch: small files as they are read, no faster than the client takes them. */

import { FerryError, limits } from '@ferry/protocol';
import { contentDigest } from '@ferry/protocol/content';
import { type FetchedFile, fetch, type StoreFailure } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { aboutPack, shownPath } from '../context.ts';
import type { LaneContext } from '../lane.ts';

export function fetchHandler(context: LaneContext) {
  return handler(fetch, async ({ folder, names }, call) => {
    context.transfers.checkWelcome();
    const transfer = context.transfers.begin(false, aboutPack(context, 'download', folder, names.length));
    const beganMs = performance.now();
    try {
      let files: FetchedFile[] = [];
      let failures: StoreFailure[] = [];
      let bytes = 0;
      const flush = async (): Promise<void> => {
        if (files.length + failures.length === 0) return;
        const goOn = call.part({ files, failures });
        files = [];
        failures = [];
        bytes = 0;
        if (!goOn) await call.ready();
      };
      let sentFiles = 0;
      let sentBytes = 0;
      let index = 0;
      const tell = (found: FerryError | number): void => {
        const name = names[index];
        const done = found instanceof FerryError ? { bytes: 0, error: found } : { bytes: found };
        const path = name === undefined ? folder : [...folder, name];
        context.audit?.({ verb: 'download', path, ms: performance.now() - beganMs, ...done });
      };
      for await (const found of context.storage.fetchPack(folder, names, { signal: call.signal })) {
        tell(found instanceof FerryError ? found : found.content.length);
        if (found instanceof FerryError) {
          failures.push({ index, code: found.code, message: found.message });
          bytes += limits.textBytes;
          if (bytes > limits.packBytes) await flush();
        } else {
          const { facts, content } = found;
          if (bytes + content.length > limits.packBytes) await flush();
          bytes += content.length;
          files.push({ index, facts, rootDigest: contentDigest(content), content });
          sentFiles += 1;
          sentBytes += content.length;
        }
        index += 1;
      }
      await flush();
      if (sentFiles > 0) {
        context.log({
          what: 'sent',
          who: context.who,
          path: shownPath(context, folder),
          files: sentFiles,
          bytes: sentBytes,
          ms: performance.now() - beganMs,
        });
      }
      return {};
    } finally {
      transfer.over();
    }
  });
}
