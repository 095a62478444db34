/** Files on their way in simulated worlds: cut lines, killed processes, power cuts, damaged blocks. A seed names a world. */

import { test } from 'node:test';
import { runs, seed } from '../support/random.ts';
import { inThread } from './in-thread.ts';

test('files in simulated worlds: each whole or not there, and there once acknowledged', async (t) => {
  const count = runs(10_000);
  const sums = await inThread(new URL('./transfer/main.ts', import.meta.url), { seed, count });
  t.diagnostic(
    `count: ${count} simulated transfers of ${sums['files']} files, ${sums['kills']} kills, ${sums['cuts']} cut lines, ` +
      `${sums['powerCuts']} power cuts, ${sums['damaged']} damaged blocks, ${sums['again']} blocks written again, ${sums['events']} events, ` +
      `torn 0, acknowledged and lost 0 (seed ${seed})`,
  );
});
