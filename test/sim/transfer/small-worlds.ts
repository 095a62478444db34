/** What is changed in the programs so that ten thousand worlds with transfers fit into a minute. Called before they are loaded. */

import { change } from '../hooks.ts';

export function smallWorlds(): void {
  // Blocks of 256 bytes, so that a world of some dozen of them fits into a millisecond.
  change(
    '/protocol/src/limits.ts',
    ['const MiB = 1024 * KiB', 'const MiB = 256'],
    ['linkBufferBytes: MiB', 'linkBufferBytes: KiB'],
    ['packedFileBytes: 16 * KiB', 'packedFileBytes: 128'],
    ['packBytes: 128 * KiB', 'packBytes: KiB'],
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
}
