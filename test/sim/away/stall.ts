/** Simulated transfers over several lanes of which one falls silent, seed after seed. Started by transfer.test.ts. */

import { standIn } from '../hooks.ts';
import { liveAll, tell } from '../in-thread.ts';
import { smallWorlds } from '../transfer/small-worlds.ts';

smallWorlds();
standIn('/protocol/src/link/socket.ts', new URL('./dial.ts', import.meta.url));

const { AwayLife } = await import('./life.ts');

const sums = { uploads: 0, downloads: 0, soon: 0, uploadMs: 0, downloadMs: 0 };
await liveAll(async (world) => {
  const { isUpload, lateMs } = await new AwayLife(world, [20, 100]).stall();
  if (lateMs <= 12_000) sums.soon += 1;
  if (isUpload) {
    sums.uploads += 1;
    sums.uploadMs = Math.max(sums.uploadMs, lateMs);
  } else {
    sums.downloads += 1;
    sums.downloadMs = Math.max(sums.downloadMs, lateMs);
  }
});
tell(sums);
