/**
 * Any storage, telling which folders its callers change: for those who look at one whose file system says nothing of it. Put below all that
 * asks for rights, so that paths are from the shared folder. Worker threads.
 */

import { type Path, parentPath } from '@ferry/protocol';
import type { Storage, Upload } from './storage.ts';
import type { Works } from './works.ts';

/** @param touched called with each folder, after an entry of it was made, changed or removed, or may have been */
export function withNotices(storage: Storage, touched: (folder: Path) => void): Storage {
  /** Whatever came of it: some of it may have been done. */
  const noting = async <T>(work: () => Promise<T>, ...paths: readonly Path[]): Promise<T> => {
    try {
      return await work();
    } finally {
      for (const path of paths) touched(parentPath(path));
    }
  };
  return {
    list: (path, opts) => storage.list(path, opts),
    stat: (path, opts) => storage.stat(path, opts),
    mkdir: (path, opts) => noting(() => storage.mkdir(path, opts), path),
    rename: (from, to, opts) => noting(() => storage.rename(from, to, opts), from, to),
    remove: (path, opts) => noting(() => storage.remove(path, opts), path),
    setFacts: (path, facts, opts) => noting(() => storage.setFacts(path, facts, opts), path),
    owner: (path, opts) => storage.owner(path, opts),
    setOwner: (path, owner, opts) => storage.setOwner(path, owner, opts),
    readLink: (path, opts) => storage.readLink(path, opts),
    makeLink: (path, target, opts) => noting(() => storage.makeLink(path, target, opts), path),
    space: (path, opts) => storage.space(path, opts),
    openRead: (path, identity, opts) => storage.openRead(path, identity, opts),
    createUpload: async (spec, opts) => {
      const upload = await storage.createUpload(spec, opts);
      return withCommit(upload, (rootDigest) => noting(() => upload.commit(rootDigest), spec.target));
    },
    storePack: async (spec, opts) => {
      try {
        return await storage.storePack(spec, opts);
      } finally {
        touched(spec.folder);
      }
    },
    fetchPack: (folder, names, opts) => storage.fetchPack(folder, names, opts),
    works: worksNoting(storage.works, noting, touched),
    close: () => storage.close(),
  };
}

function withCommit(upload: Upload, commit: Upload['commit']): Upload {
  return {
    ...(upload.committed === undefined ? {} : { committed: upload.committed }),
    ...(upload.run === undefined ? {} : { run: upload.run }),
    verified: () => upload.verified(),
    write: (index, bytes, digest) => upload.write(index, bytes, digest),
    writeSlice: (index, offset, bytes) => upload.writeSlice(index, offset, bytes),
    settle: (index, digest) => upload.settle(index, digest),
    commit,
    leave: () => upload.leave(),
    discard: () => upload.discard(),
  };
}

function worksNoting(
  works: Works,
  noting: <T>(work: () => Promise<T>, ...paths: readonly Path[]) => Promise<T>,
  touched: (folder: Path) => void,
): Works {
  return {
    copy: (spec, work) => noting(() => works.copy(spec, work), spec.to),
    move: (spec, work) => noting(() => works.move(spec, work), spec.from, spec.to),
    removeTree: (path, work) => noting(() => works.removeTree(path, work), path),
    sum: (path, algorithm, work, rows) => works.sum(path, algorithm, work, rows),
    usage: (path, work, rows) => works.usage(path, work, rows),
    find: (path, query, most, work, rows) => works.find(path, query, most, work, rows),
    archive: (path, work, sink) => works.archive(path, work, sink),
    unpack: (spec, work) => noting(() => works.unpack(spec, work), spec.to),
    trash: (path, owner, work) => noting(() => works.trash(path, owner, work), path),
    listTrash: (owner, inside, work, rows) => works.listTrash(owner, inside, work, rows),
    restore: async (owner, inside, id, to) => {
      const restored = await works.restore(owner, inside, id, to);
      touched(parentPath(restored.path));
      return restored;
    },
    emptyTrash: (owner, inside, ids, work) => works.emptyTrash(owner, inside, ids, work),
  };
}
