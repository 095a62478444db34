/**
 * Any storage, seen from one of its folders: every path begins there, and nothing outside can be named. Put below all
 * front ends of an account that sees only a part of what is shared. Worker threads.
 */

import { Code, FerryError, type Name, type Owner, type Path, type Time } from '@ferry/protocol';
import type { PackSpec, Storage, UploadSpec, Wait } from './storage.ts';
import type { GraftSpec, Trashed, Works } from './works.ts';

export function withRoot(storage: Storage, root: Path): Storage {
  if (root.length === 0) return storage;
  const at = (path: Path): Path => [...root, ...path];
  return {
    list: (path: Path, opts?: Wait) => storage.list(at(path), opts),
    stat: async (path: Path, opts?: Wait) => {
      const facts = await storage.stat(at(path), opts);
      return path.length === 0 ? { ...facts, name: '~' as Name } : facts;
    },
    mkdir: (path: Path, opts?: Wait) => storage.mkdir(at(path), opts),
    rename: async (from: Path, to: Path, opts?: Wait) => {
      checkNotRoot(from);
      checkNotRoot(to);
      return storage.rename(at(from), at(to), opts);
    },
    remove: async (path: Path, opts?: Wait) => {
      checkNotRoot(path);
      return storage.remove(at(path), opts);
    },
    setFacts: async (path: Path, facts: { modified: Time; mode: number }, opts?: Wait) => {
      checkNotRoot(path);
      return storage.setFacts(at(path), facts, opts);
    },
    owner: (path: Path, opts?: Wait) => storage.owner(at(path), opts),
    setOwner: async (path: Path, owner: Owner, opts?: Wait) => {
      checkNotRoot(path);
      return storage.setOwner(at(path), owner, opts);
    },
    readLink: (path: Path, opts?: Wait) => storage.readLink(at(path), opts),
    makeLink: (path: Path, target: string, opts?: Wait) => storage.makeLink(at(path), target, opts),
    space: (path: Path, opts?: Wait) => storage.space(at(path), opts),
    openRead: (path: Path, identity: string | undefined, opts?: Wait) =>
      storage.openRead(at(path), identity, opts),
    createUpload: async (spec: UploadSpec, opts?: Wait) => {
      checkNotRoot(spec.target);
      return storage.createUpload({ ...spec, target: at(spec.target) }, opts);
    },
    storePack: (spec: PackSpec, opts?: Wait) => storage.storePack({ ...spec, folder: at(spec.folder) }, opts),
    fetchPack: (folder: Path, names: readonly Name[], opts?: Wait) =>
      storage.fetchPack(at(folder), names, opts),
    works: worksFrom(storage.works, root),
    close: () => storage.close(),
  };
}

function worksFrom(works: Works, root: Path): Works {
  const below = (path: Path): Path => [...root, ...path];
  const at = (path: Path): Path => {
    checkNotRoot(path);
    return below(path);
  };
  const graftAt = (spec: GraftSpec): GraftSpec => ({
    ...spec,
    from: at(spec.from),
    to: at(spec.to),
    inside: root,
  });
  const seen = (trashed: Trashed): Trashed => ({ ...trashed, path: trashed.path.slice(root.length) });
  return {
    archive: async (path, work, sink) => {
      checkNotRoot(path);
      return works.archive(below(path), work, sink);
    },
    unpack: async (spec, work) =>
      works.unpack({ archive: at(spec.archive), to: at(spec.to), inside: root }, work),
    trash: async (path, owner, work) => seen(await works.trash(at(path), owner, work)),
    listTrash: (owner, inside, work, rows) =>
      works.listTrash(owner, below(inside), work, (trashed) => rows(seen(trashed))),
    restore: async (owner, inside, id, to) =>
      seen(await works.restore(owner, below(inside), id, to === undefined ? undefined : at(to))),
    emptyTrash: (owner, inside, ids, work) => works.emptyTrash(owner, below(inside), ids, work),
    copy: async (spec, work) => works.copy(graftAt(spec), work),
    move: async (spec, work) => works.move(graftAt(spec), work),
    removeTree: async (path, work) => works.removeTree(at(path), work),
    sum: (path, algorithm, work, rows) => works.sum(below(path), algorithm, work, rows),
    usage: (path, work, rows) => works.usage(below(path), work, rows),
    find: (path, query, most, work, rows) => works.find(below(path), query, most, work, rows),
  };
}

/** The account's root has a name outside, but none that the account may use. */
function checkNotRoot(path: Path): void {
  if (path.length === 0) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
}
