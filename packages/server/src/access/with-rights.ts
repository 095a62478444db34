/**
 * Any storage, with every path held against what the account may do there at this moment. Put below all front ends, so that no
 * handler can forget to ask. What an account may do nothing with is not there for it. Worker threads.
 */

import { Code, FerryError, type Name, type Owner, type Path, type Time } from '@ferry/protocol';
import type { PackSpec, Storage, Upload, UploadSpec, Wait } from '../storage/storage.ts';
import { isVisible, may, mayThroughout, type Right, type Rights, refusal, rightsAt } from './rights.ts';
import { worksWithRights } from './works-with-rights.ts';

/** @param root what the account sees as its root: it may always know that this is there */
export function withRights(storage: Storage, root: Path, now: () => Rights): Storage {
  const check = (right: Right, path: Path, throughout = false): void => {
    const rights = now();
    if ((throughout ? mayThroughout : may)(rights, right, path)) return;
    if (!isVisible(rights, path) && path.length > root.length) throw nothingThere();
    throw refusal(right, rights, root);
  };
  const checkPut = (path: Path, existing: 'fail' | 'overwrite'): void => {
    check('create', path);
    if (existing === 'overwrite') check('overwrite', path);
  };
  return {
    list: (path: Path, opts?: Wait) => listVisible(storage, path, opts, now, () => check('list', path)),
    stat: async (path: Path, opts?: Wait) => {
      if (path.length > root.length && !leadsToWhatIsListed(now(), path)) check('list', path);
      return storage.stat(path, opts);
    },
    mkdir: async (path: Path, opts?: Wait) => {
      check('mkdir', path);
      return storage.mkdir(path, opts);
    },
    rename: async (from: Path, to: Path, opts?: Wait) => {
      // All that is below moves along, to where other rules may hold.
      check('rename', from, true);
      check('rename', to, true);
      return storage.rename(from, to, opts);
    },
    remove: async (path: Path, opts?: Wait) => {
      check('delete', path);
      return storage.remove(path, opts);
    },
    setFacts: async (path: Path, facts: { modified: Time; mode: number }, opts?: Wait) => {
      check('overwrite', path);
      return storage.setFacts(path, facts, opts);
    },
    owner: async (path: Path, opts?: Wait) => {
      check('list', path);
      return storage.owner(path, opts);
    },
    setOwner: async (path: Path, owner: Owner, opts?: Wait) => {
      check('overwrite', path);
      return storage.setOwner(path, owner, opts);
    },
    readLink: async (path: Path, opts?: Wait) => {
      check('list', path);
      return storage.readLink(path, opts);
    },
    makeLink: async (path: Path, target: string, opts?: Wait) => {
      check('create', path);
      return storage.makeLink(path, target, opts);
    },
    space: async (path: Path, opts?: Wait) => {
      if (rightsAt(now(), path).size === 0 && path.length > root.length) throw nothingThere();
      return storage.space(path, opts);
    },
    openRead: async (path: Path, identity: string | undefined, opts?: Wait) => {
      check('read', path);
      return storage.openRead(path, identity, opts);
    },
    createUpload: async (spec: UploadSpec, opts?: Wait) => {
      checkPut(spec.target, spec.existing);
      const upload = await storage.createUpload(spec, opts);
      return checkedAgain(upload, () => checkPut(spec.target, spec.existing));
    },
    storePack: async (spec: PackSpec, opts?: Wait) => {
      for (const { name } of spec.files) checkPut([...spec.folder, name], spec.existing);
      return storage.storePack(spec, opts);
    },
    fetchPack: (folder: Path, names: readonly Name[], opts?: Wait) =>
      checkedFirst(
        () => {
          for (const name of names) check('read', [...folder, name]);
        },
        () => storage.fetchPack(folder, names, opts),
      ),
    works: worksWithRights(storage.works, { check, now, root }),
    close: () => storage.close(),
  };
}

/** What is on the way to a folder that may be listed, so that it can be walked to. */
function leadsToWhatIsListed(rights: Rights, path: Path): boolean {
  return rights.rules.some(
    (rule) =>
      rule.rights.has('list') &&
      rule.path.length > path.length &&
      path.every((name, i) => rule.path[i] === name),
  );
}

/** May the folder be listed, in part at least? @throws {FerryError} FORBIDDEN, NOT_FOUND */
export function checkListing(rights: Rights, root: Path, path: Path): void {
  if (may(rights, 'list', path) || leadsToWhatIsListed(rights, path)) return;
  if (!isVisible(rights, path) && path.length > root.length) throw nothingThere();
  throw refusal('list', rights, root);
}

/** Whether a listing of the folder shows this row. */
export function showsRow(rights: Rights, folder: Path, name: Name): boolean {
  const at = [...folder, name];
  return may(rights, 'list', folder)
    ? isVisible(rights, at)
    : may(rights, 'list', at) || leadsToWhatIsListed(rights, at);
}

async function* listVisible(
  storage: Storage,
  path: Path,
  opts: Wait | undefined,
  now: () => Rights,
  check: () => void,
): ReturnType<Storage['list']> extends AsyncIterable<infer Page> ? AsyncGenerator<Page, void, void> : never {
  const mayList = may(now(), 'list', path);
  if (!mayList && !leadsToWhatIsListed(now(), path)) check();
  for await (const page of storage.list(path, opts)) {
    const rights = now();
    if (mayList && rights.rules.length === 0) {
      check();
      yield page;
      continue;
    }
    const seen = page.filter(({ name }) => showsRow(rights, path, name));
    if (seen.length > 0) yield seen;
  }
}

async function* checkedFirst<T>(
  check: () => void,
  begin: () => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  check();
  for await (const part of begin()) {
    check();
    yield part;
  }
}

/** Rights may have been taken since it began: then nothing is published, and what is there is forgotten as any other. */
function checkedAgain(upload: Upload, check: () => void): Upload {
  return {
    ...(upload.committed === undefined ? {} : { committed: upload.committed }),
    ...(upload.run === undefined ? {} : { run: upload.run }),
    verified: () => upload.verified(),
    write: (index, bytes, digest) => {
      check();
      return upload.write(index, bytes, digest);
    },
    writeSlice: (index, offset, bytes) => {
      check();
      return upload.writeSlice(index, offset, bytes);
    },
    settle: (index, digest) => {
      check();
      return upload.settle(index, digest);
    },
    commit: async (rootDigest) => {
      try {
        check();
      } catch (error) {
        await upload.discard();
        throw error;
      }
      return upload.commit(rootDigest);
    },
    leave: () => upload.leave(),
    discard: () => upload.discard(),
  };
}

function nothingThere(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'no such file or folder');
}
