/** A thread of two connections: one that is well, and one whose request meets a bug after a wait. The thread dies of it. */

import { setImmediate as turn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { rootPath } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { memoryLinks } from '@ferry/protocol/link';
import { mkdir } from '@ferry/protocol/messages';
import { ClientChannel, handler, ServerChannel } from '@ferry/protocol/session';
import { Blame } from '../../packages/server/src/blame.ts';

const blame = new Blame();
parentPort?.postMessage(blame.memory);

function serve(id: number, work: () => void): ClientChannel {
  const { a, b } = memoryLinks();
  const handlers = new Map([
    handler(mkdir, async () => {
      await turn();
      work();
      return {};
    }),
  ]);
  new ServerChannel(b, {
    pool: new BlockPool(),
    handlers,
    work: { begin: () => blame.begin(id), over: () => blame.over() },
    onEnd: () => {},
  });
  return new ClientChannel(a);
}

const well = serve(6, () => {});
const ill = serve(7, () => {
  throw new TypeError('a bug');
});
const requests = [ill, well].map((channel) => channel.call(mkdir, { path: rootPath }));
parentPort?.ref();
await Promise.all(requests);
