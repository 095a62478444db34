/** Long work on a folder of this machine. Made by local.ts; worker threads. */

import * as disk from '@ferry/protocol/disk';
import type { Works } from './works.ts';

export function localWorks(root: disk.Root, staging: disk.Staging): Works {
  const trash = new disk.Trash(root);
  return {
    copy: (spec, work) => disk.copyTree(staging, spec, work),
    move: (spec, work) => disk.moveTree(staging, spec, work),
    removeTree: (path, work) => disk.removeTree(root, path, work),
    sum: (path, algorithm, work, rows) => disk.sumTree(root, path, algorithm, work, rows),
    usage: (path, work, rows) => disk.usageOf(root, path, work, rows),
    archive: (path, work, sink) => disk.archiveTree(root, path, work, sink),
    unpack: (spec, work) => disk.unpackTree(staging, spec, work),
    trash: (path, owner, work) => trash.put(path, owner, work, Date.now()),
    listTrash: async (owner, inside, work, rows) => {
      for (const trashed of trash.list(owner, inside)) {
        const turn = work.turn();
        if (turn !== undefined) await turn;
        await rows(trashed);
      }
    },
    restore: async (owner, inside, id, to) => trash.restore(owner, id, inside, to),
    emptyTrash: (owner, inside, ids, work) => trash.empty(owner, ids, inside, work),
    find: (path, query, most, work, rows) => disk.findIn(root, path, query, most, work, rows),
  };
}
