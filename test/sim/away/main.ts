/** Simulated nets that are away for a while, seed after seed. Started by transfer.test.ts. */

import { standIn } from '../hooks.ts';
import { liveAll, tell } from '../in-thread.ts';
import { smallWorlds } from '../transfer/small-worlds.ts';

smallWorlds();
standIn('/protocol/src/link/socket.ts', new URL('./dial.ts', import.meta.url));

const { AwayLife } = await import('./life.ts');

const sums = { awayS: 0, soon: 0, latestMs: 0, latestPerMille: 0 };
await liveAll(async (world) => {
  const { awayMs, lateMs } = await new AwayLife(world).run();
  sums.awayS += awayMs / 1000;
  if (lateMs <= Math.max(3000, awayMs / 20)) sums.soon += 1;
  if (awayMs <= 60_000) sums.latestMs = Math.max(sums.latestMs, lateMs);
  else sums.latestPerMille = Math.max(sums.latestPerMille, (1000 * lateMs) / awayMs);
});
tell(sums);
