/** readRange: see the message of that name. */

import { Code, FerryError } from '@ferry/protocol';
import { readRange } from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import type { SessionContext } from '../context.ts';

export function readRangeHandler({ storage }: SessionContext) {
  return handler(readRange, async ({ path, identity, offset, length }, { signal }) => {
    const file = await storage.openRead(path, identity, { signal });
    try {
      const { facts } = file;
      const content = Buffer.alloc(Math.max(0, Math.min(length, facts.size - offset)));
      await file.readAt(offset, content);
      if (!(await file.unchanged())) {
        throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was read');
      }
      return { facts, content };
    } finally {
      file.close();
    }
  });
}
