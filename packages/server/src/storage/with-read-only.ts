/**
 * Any storage, without the verbs that change something. Put below all front ends, so that no handler can forget to ask.
 */

import { Code, FerryError, type Name, type Path } from '@ferry/protocol';
import type { Storage, Wait } from './storage.ts';

export function withReadOnly(storage: Storage): Storage {
  const refuse = async (): Promise<never> => {
    throw new FerryError(Code.READ_ONLY, 'this place may only be read');
  };
  return {
    list: (path: Path, opts?: Wait) => storage.list(path, opts),
    stat: (path: Path, opts?: Wait) => storage.stat(path, opts),
    space: (path: Path, opts?: Wait) => storage.space(path, opts),
    openRead: (path: Path, identity: string | undefined, opts?: Wait) =>
      storage.openRead(path, identity, opts),
    readLink: (path: Path, opts?: Wait) => storage.readLink(path, opts),
    setFacts: refuse,
    makeLink: refuse,
    mkdir: refuse,
    rename: refuse,
    remove: refuse,
    createUpload: refuse,
    storePack: refuse,
    fetchPack: (folder: Path, names: readonly Name[], opts?: Wait) => storage.fetchPack(folder, names, opts),
    works: {
      ...storage.works,
      copy: refuse,
      move: refuse,
      removeTree: refuse,
      unpack: refuse,
      trash: refuse,
      listTrash: refuse,
      restore: refuse,
      emptyTrash: refuse,
    },
    close: () => storage.close(),
  };
}
