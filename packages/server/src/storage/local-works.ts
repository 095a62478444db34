/** Long work on a folder of this machine. Made by local.ts; worker threads. */

import * as disk from '@ferry/protocol/disk';
import type { Works } from './works.ts';

export function localWorks(root: disk.Root, staging: disk.Staging): Works {
  return {
    copy: (spec, work) => disk.copyTree(staging, spec, work),
    move: (spec, work) => disk.moveTree(staging, spec, work),
    removeTree: (path, work) => disk.removeTree(root, path, work),
    sum: (path, algorithm, work, rows) => disk.sumTree(root, path, algorithm, work, rows),
    usage: (path, work, rows) => disk.usageOf(root, path, work, rows),
    find: (path, query, most, work, rows) => disk.findIn(root, path, query, most, work, rows),
  };
}
