/** sum, usage and find: see the messages of that name. */

import { bytesOf, encodePath } from '@ferry/protocol';
import {
  type FindHit,
  type FindPart,
  find,
  type SumOf,
  type SumPart,
  sum,
  type UsageOf,
  type UsagePart,
  usage,
} from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { aboutMoving, type SessionContext } from '../context.ts';
import { RowParts } from '../row-parts.ts';
import { type SessionWorks, treeDoneOf } from '../works.ts';

export function sumHandler(context: SessionContext, works: SessionWorks) {
  return handler(sum, async ({ path, algorithm }, call) => {
    const parts = new RowParts<SumOf, SumPart>(
      call,
      (progress, rows) => ({ ...progress, rows }),
      (row) => encodePath(row.path).length + 64,
    );
    const work = await works.run(
      call,
      parts.tell,
      (work) => context.storage.works.sum(path, algorithm, work, parts.rows(work)),
      aboutMoving(context, 'sum', path),
    );
    return treeDoneOf(work);
  });
}

export function usageHandler(context: SessionContext, works: SessionWorks) {
  return handler(usage, async ({ path }, call) => {
    const parts = new RowParts<UsageOf, UsagePart>(
      call,
      (progress, rows, { allocated }) => ({ ...progress, allocated, rows }),
      (row) => row.name.length + 48,
    );
    const work = await works.run(
      call,
      parts.tell,
      (work) => context.storage.works.usage(path, work, parts.rows(work)),
      aboutMoving(context, 'usage', path),
    );
    return { ...treeDoneOf(work), allocated: work.allocated };
  });
}

export function findHandler(context: SessionContext, works: SessionWorks) {
  return handler(find, async ({ path, most, ...query }, call) => {
    const parts = new RowParts<FindHit, FindPart>(
      call,
      (progress, rows) => ({ ...progress, rows }),
      ({ folder, entry, text }) => encodePath(folder).length + entry.name.length + bytesOf(text).length + 64,
    );
    let more = false;
    const work = await works.run(
      call,
      parts.tell,
      async (work) => {
        more = await context.storage.works.find(path, query, most, work, parts.rows(work));
      },
      aboutMoving(context, 'find', path),
    );
    return { ...treeDoneOf(work), more };
  });
}
