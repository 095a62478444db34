/**
 * Copying and moving from one folder of this machine to another, as a server does with its own: built out of sight in the folder that it goes
 * to, and there whole or not at all. I/O thread.
 */

import { baseName, Code, FerryError, isWithin, parentPath, toWireError } from '@ferry/protocol';
import * as disk from '@ferry/protocol/disk';
import { inFolder, localSource, realPath } from './local-source.ts';
import type { ServerWorks, WorkOrder, WorkResult } from './server-works.ts';

export const localWorks: ServerWorks = {
  run: async (order, { signal, onProgress } = {}) => {
    if (order.verb === 'move') return moved(order);
    if (order.verb !== 'copy') throw new FerryError(Code.USAGE, 'that is for the files of a server');
    const { from, to, existing } = order;
    const [name, target] = [baseName(from), baseName(to)];
    if (name === undefined || target === undefined)
      throw new FerryError(Code.NAME_INVALID, 'the whole disk is not copied anywhere');
    // Their folders may be, or lie behind, links of the user's own.
    const whole = [...realPath(parentPath(from)), name];
    if (isWithin(whole, realPath(parentPath(to))))
      throw new FerryError(Code.NAME_INVALID, 'a folder cannot go into itself');
    let first: disk.WorkFailure | undefined;
    const work = new disk.Work({
      signal,
      onProgress: (now) => {
        first ??= now.takeFailures()[0];
        onProgress?.({ files: now.files, bytes: now.bytes });
      },
    });
    await inFolder(parentPath(from), (fromRoot) =>
      inFolder(parentPath(to), async (root) => {
        const staging = new disk.Staging(root);
        try {
          await disk.copyTree(staging, { from: [name], to: [target], existing, fromRoot }, work);
        } finally {
          staging.removeIfEmpty();
        }
      }),
    );
    first ??= work.takeFailures()[0];
    return {
      files: work.files,
      bytes: work.bytes,
      failed: work.failed,
      firstFailure: first === undefined ? undefined : toWireError(first.error),
    };
  },
};

/** Another name for it, in one step. @throws {FerryError} EXISTS: it never replaces; FORBIDDEN: to another file system */
async function moved({ from, to }: WorkOrder & { readonly verb: 'copy' | 'move' }): Promise<WorkResult> {
  const [name, target] = [baseName(from), baseName(to)];
  if (name === undefined || target === undefined)
    throw new FerryError(Code.NAME_INVALID, 'the whole disk is not moved anywhere');
  // As above.
  await localSource.rename([...realPath(parentPath(from)), name], [...realPath(parentPath(to)), target]);
  return { files: 1, bytes: 0, failed: 0, firstFailure: undefined };
}
