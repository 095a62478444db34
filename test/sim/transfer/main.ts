/** The simulated transfers of one thread, seed after seed. Started by transfer.test.ts. */

import { change } from '../hooks.ts';
import { liveAll, tell } from '../in-thread.ts';

// Blocks of 256 bytes, so that a world of some dozen of them fits into a millisecond.
change(
  '/protocol/src/limits.ts',
  ['const MiB = 1024 * KiB', 'const MiB = 256'],
  ['linkBufferBytes: MiB', 'linkBufferBytes: KiB'],
  ['packedFileBytes: 16 * KiB', 'packedFileBytes: 128'],
  ['packBytes: 44 * KiB', 'packBytes: KiB'],
);
change('/tui/src/client/lanes.ts', ['worthALaneBytes = 8 * 1024 * 1024', 'worthALaneBytes = 2 * 1024']);
// Compressing costs more than everything else together.
change('/protocol/src/content/squeeze.ts', ['const fastMs = 6', 'const fastMs = Number.POSITIVE_INFINITY']);
// What a process keeps, and not all processes together.
change(
  '/protocol/src/disk/staged-file.ts',
  ['checkpointBytes = 64 * 1024 * 1024', 'checkpointBytes = 6 * 256'],
  ['let besideNow = 0;', 'declare const ferryProcess: () => { beside: number };'],
  [/\bbesideNow\b/g, 'ferryProcess().beside'],
);
change(
  '/tui/src/transfer/own-id.ts',
  ['const underWay = new Set<string>();', 'declare const ferryProcess: () => { underWay: Set<string> };'],
  [/\bunderWay\.(has|add|delete)/g, 'ferryProcess().underWay.$1'],
);
change('/protocol/src/disk/maker.ts', ['own ??=', 'own =']);
change('/protocol/src/disk/journal.ts', ['ownBoot ??=', 'ownBoot =']);

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
