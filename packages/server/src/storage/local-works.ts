/** Long work on a folder of this machine. Made by local.ts; worker threads. */

import type { Path } from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import type { GraftSpec, Work, Works } from './works.ts';

export function localWorks(root: disk.Root, staging: disk.Staging): Works {
  return {
    copy: (spec: GraftSpec, work: Work) => disk.copyTree(staging, spec, work),
    move: (spec: GraftSpec, work: Work) => disk.moveTree(staging, spec, work),
    removeTree: (path: Path, work: Work) => disk.removeTree(root, path, work),
  };
}
