/** The simulated transfers of one thread, seed after seed. Started by transfer.test.ts. */

import { liveAll, tell } from '../in-thread.ts';
import { smallWorlds } from './small-worlds.ts';

smallWorlds();

const { TransferLife } = await import('./life.ts');

const sums = { files: 0, kills: 0, cuts: 0, powerCuts: 0, damaged: 0, again: 0, events: 0 };
await liveAll(async (world) => {
  const life = new TransferLife(world);
  await life.run();
  sums.files += life.files;
  sums.kills += world.kills;
  sums.cuts += life.network.cuts;
  // Both machines once more at the end.
  sums.powerCuts += world.powerCuts - 2;
  sums.damaged += life.network.damaged;
  sums.again += life.again;
  sums.events += world.events;
});
tell(sums);
