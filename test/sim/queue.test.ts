/** The queue in simulated worlds: users, movers, kills, power cuts, full disks. A seed names a world and everything in it. */

import { test } from 'node:test';
import { runs, seed } from '../support/random.ts';
import { inThread } from './in-thread.ts';

test('jobs in simulated worlds: none lost, none twice at once, each in its turn and to its end', async (t) => {
  const count = runs(10_000);
  const sums = await inThread(new URL('./queue/main.ts', import.meta.url), { seed, count });
  t.diagnostic(
    `count: ${count} simulated queues, ${sums['jobs']} jobs acknowledged and lost 0, ${sums['begun']} begun and twice at once 0, ` +
      `${sums['orders']} orders, ${sums['kills']} kills, ${sums['cuts']} power cuts, ${sums['events']} events (seed ${seed})`,
  );
});
