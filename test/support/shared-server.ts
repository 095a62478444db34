/** One open ferryd for all tests of a file or suite: each finds its folder empty. Starting one costs more than most tests. */

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { scratchFolder } from './scratch.ts';
import { type Server, startServer } from './server.ts';

export type Served = { readonly server: Server; readonly shared: string };

/**
 * Called where tests are declared. The result gives the server to a test that begins. Not for tests that run at the same time, or that do the server harm.
 */
export function sharedServer(args: readonly string[] = []): () => Served {
  const ends: (() => void)[] = [];
  const afterAll = { after: (fn: () => void): number => ends.push(fn) };
  let served: Served | undefined;
  before(async () => {
    const shared = join(scratchFolder(afterAll), 'shared');
    mkdirSync(shared);
    served = {
      server: await startServer(afterAll, { dir: shared, args: ['--open', '--threads', '2', ...args] }),
      shared,
    };
  });
  after(() => {
    for (const end of ends.toReversed()) end();
  });
  return () => {
    if (served === undefined) throw new Error('no test has begun');
    for (const name of readdirSync(served.shared)) rmSync(join(served.shared, name), { recursive: true });
    return served;
  };
}
