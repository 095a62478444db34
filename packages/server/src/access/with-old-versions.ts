/**
 * Any storage, in which what somebody overwrites goes to their trash. Put above the rights, and the quota which counts it, and
 * below all front ends, so that no handler can forget it. Worker threads.
 */

import type { PackSpec, Storage, UploadSpec, Wait } from '../storage/storage.ts';

/** @param owner whose trash; undefined: what is overwritten is gone. Asked each time: the owner of the server may change it */
export function withOldVersions(storage: Storage, owner: () => string | undefined): Storage {
  const { works } = storage;
  return {
    ...storage,
    createUpload: (spec: UploadSpec, opts?: Wait) =>
      storage.createUpload({ ...spec, keepsFor: owner() }, opts),
    storePack: (spec: PackSpec, opts?: Wait) => storage.storePack({ ...spec, keepsFor: owner() }, opts),
    works: {
      ...works,
      copy: (spec, work) => works.copy({ ...spec, keepsFor: owner() }, work),
      move: (spec, work) => works.move({ ...spec, keepsFor: owner() }, work),
    },
  };
}
