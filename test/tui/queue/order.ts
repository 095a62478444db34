/** Jobs to put into queues, and what of a queue must never change by itself. */

import { EntryKind, type Name } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import type { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import type { QueueOrder, QueueServer } from '../../../packages/tui/src/queue/stored-job.ts';

export const server: QueueServer = {
  host: '127.0.0.1',
  port: 7377,
  fingerprint: `${'abcd-'.repeat(12)}abca` as Fingerprint,
};

export function orderOf(name: string, more: Partial<QueueOrder> = {}): QueueOrder {
  return {
    server,
    order: {
      direction: 'download',
      source: ['films' as Name, name as Name],
      target: ['home' as Name, name as Name],
      kind: EntryKind.file,
      existing: 'fail',
    },
    ...more,
  };
}

/** Everything that a user ordered and wishes, in order. */
export function wishes(store: QueueStore): unknown {
  // What is undefined in memory is not there in the file.
  const all = {
    settings: store.settings,
    jobs: store.jobs().map(({ id, server: where, order, addedMs, wish }) => ({
      id,
      where,
      order,
      addedMs,
      wish,
    })),
  };
  return JSON.parse(JSON.stringify(all)) as unknown;
}
