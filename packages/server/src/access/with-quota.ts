/**
 * Any storage, in which an account may hold only so much. Put below the rights, directly on what is shared. Worker threads.
 */

import {
  asFerryError,
  Code,
  EntryKind,
  FerryError,
  joinPath,
  type Name,
  type Owner,
  type Path,
  type Time,
} from '@ferry/protocol';
import type {
  PackFile,
  PackResult,
  PackSpec,
  Storage,
  Upload,
  UploadSpec,
  Wait,
} from '../storage/storage.ts';
import type { Works } from '../storage/works.ts';
import type { Bounds } from './bounds.ts';
import { type Amount, amountIn, type Quota } from './quota.ts';

const nothing: Amount = { bytes: 0, files: 0 };
const oneEntry: Amount = { bytes: 0, files: 1 };

/** @param bounds as they are at each moment; without a quota nothing is counted, and `quota` is not asked for */
export function withQuota(storage: Storage, bounds: () => Bounds, quota: () => Quota): Storage {
  const applies = (): boolean => bounds().quotaBytes !== undefined || bounds().quotaFiles !== undefined;
  /** What is there under a name now. */
  const amountAt = async (path: Path): Promise<Amount> => {
    try {
      const { kind, size } = await storage.stat(path);
      return { bytes: kind === EntryKind.file ? size : 0, files: 1 };
    } catch (error) {
      asFerryError(error);
      return nothing;
    }
  };
  const growth = ({ bytes, files }: Amount): Amount => ({
    bytes: Math.max(0, bytes),
    files: Math.max(0, files),
  });
  const difference = (after: Amount, before: Amount): Amount => ({
    bytes: after.bytes - before.bytes,
    files: after.files - before.files,
  });
  /** Whether it was promised. */
  const fits = async (book: Quota, amount: Amount): Promise<boolean> => {
    try {
      await book.promise(amount, bounds());
      return true;
    } catch (error) {
      if (error instanceof FerryError && error.code === Code.QUOTA) return false;
      throw error;
    }
  };
  /** Something that adds one entry without content. */
  const adding = async (work: () => Promise<void>): Promise<void> => {
    if (!applies()) return work();
    const book = quota();
    await book.promise(oneEntry, bounds());
    try {
      await work();
      book.settle(oneEntry, oneEntry);
    } catch (error) {
      book.settle(oneEntry, nothing);
      throw error;
    }
  };
  return {
    list: (path: Path, opts?: Wait) => storage.list(path, opts),
    stat: (path: Path, opts?: Wait) => storage.stat(path, opts),
    readLink: (path: Path, opts?: Wait) => storage.readLink(path, opts),
    rename: (from: Path, to: Path, opts?: Wait) => storage.rename(from, to, opts),
    setFacts: (path: Path, facts: { modified: Time; mode: number }, opts?: Wait) =>
      storage.setFacts(path, facts, opts),
    owner: (path: Path, opts?: Wait) => storage.owner(path, opts),
    setOwner: (path: Path, owner: Owner, opts?: Wait) => storage.setOwner(path, owner, opts),
    openRead: (path: Path, identity: string | undefined, opts?: Wait) =>
      storage.openRead(path, identity, opts),
    fetchPack: (folder: Path, names: readonly Name[], opts?: Wait) => storage.fetchPack(folder, names, opts),
    works: worksWithQuota(storage, bounds, applies, quota),
    close: () => storage.close(),
    mkdir: (path: Path, opts?: Wait) => adding(() => storage.mkdir(path, opts)),
    makeLink: (path: Path, target: string, opts?: Wait) => adding(() => storage.makeLink(path, target, opts)),
    remove: async (path: Path, opts?: Wait) => {
      if (!applies()) return storage.remove(path, opts);
      const book = quota();
      // Counted first, or it would be taken off a count that is made without it.
      await book.used();
      const before = await amountAt(path);
      await storage.remove(path, opts);
      book.settle(nothing, difference(nothing, before));
    },
    space: async (path: Path, opts?: Wait) => {
      const { free, total } = await storage.space(path, opts);
      const { quotaBytes } = bounds();
      if (quotaBytes === undefined) return { free, total };
      const { bytes } = await quota().used();
      return { free: Math.min(free, Math.max(0, quotaBytes - bytes)), total: Math.min(total, quotaBytes) };
    },
    createUpload: async (spec: UploadSpec, opts?: Wait) => {
      if (!applies()) return storage.createUpload(spec, opts);
      const book = quota();
      const before = await amountAt(spec.target);
      const after = { bytes: spec.size, files: 1 };
      // Who joins an upload brings blocks of what another lane has a promise for.
      const isFirst = spec.begin !== 'join';
      // An old version in the trash is still held; where that is too much, it is not kept.
      const keeps = spec.keepsFor !== undefined && before.files > 0;
      const isKept = keeps && (!isFirst || (await fits(book, after)));
      const change = isKept ? after : difference(after, before);
      const promised = isFirst ? growth(change) : nothing;
      if (isFirst && !isKept) await book.promise(promised, bounds());
      try {
        const upload = await storage.createUpload(isKept ? spec : { ...spec, keepsFor: undefined }, opts);
        return counted(upload, book, promised, change);
      } catch (error) {
        book.settle(promised, nothing);
        throw error;
      }
    },
    storePack: async (spec: PackSpec, opts?: Wait) => {
      if (!applies()) return storage.storePack(spec, opts);
      const book = quota();
      const plans: { readonly file: PackFile; readonly promised: Amount; readonly change: Amount }[] = [];
      const outcomes: (FerryError | undefined)[] = [];
      const places: number[] = [];
      const whole = spec.files.reduce((sum, { content }) => sum + content.length, 0);
      const keeps = spec.keepsFor !== undefined && spec.existing === 'overwrite';
      // All of them with their old versions, or none: a pack is small.
      const isKept = keeps && (await fits(book, { bytes: whole, files: spec.files.length }));
      for (const [index, file] of spec.files.entries()) {
        const after = { bytes: file.content.length, files: 1 };
        const before = isKept ? nothing : await amountAt(joinPath(spec.folder, file.name));
        const change = difference(after, before);
        try {
          if (!isKept) await book.promise(growth(change), bounds());
          plans.push({ file, promised: growth(change), change });
          places.push(index);
        } catch (error) {
          outcomes[index] = asFerryError(error);
        }
      }
      let result: PackResult = { outcomes: [], durable: true };
      try {
        if (plans.length > 0) {
          const keepsFor = isKept ? spec.keepsFor : undefined;
          result = await storage.storePack({ ...spec, keepsFor, files: plans.map(({ file }) => file) }, opts);
        }
      } finally {
        plans.forEach(({ promised, change }, i) => {
          const isStored = i < result.outcomes.length && result.outcomes[i] === undefined;
          book.settle(promised, isStored ? change : nothing);
        });
      }
      places.forEach((index, i) => {
        outcomes[index] = result.outcomes[i];
      });
      return { outcomes: spec.files.map((_, i) => outcomes[i]), durable: result.durable };
    },
  };
}

/** What goes to the trash is still held, and what comes back was; what long work leaves is counted again when that matters. */
function worksWithQuota(
  storage: Storage,
  bounds: () => Bounds,
  applies: () => boolean,
  quota: () => Quota,
): Works {
  const { works } = storage;
  const countedAgain = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } finally {
      if (applies()) quota().forget();
    }
  };
  return {
    copy: async (spec, work) => {
      if (!applies()) return works.copy(spec, work);
      const book = quota();
      const promised = await amountOf(storage, spec.from);
      await book.promise(promised, bounds());
      try {
        await works.copy(spec, work);
      } finally {
        book.settle(promised, nothing);
        book.forget();
      }
    },
    move: (spec, work) =>
      spec.existing === 'overwrite' ? countedAgain(works.move(spec, work)) : works.move(spec, work),
    removeTree: (path, work) => countedAgain(works.removeTree(path, work)),
    emptyTrash: (owner, inside, ids, work) => countedAgain(works.emptyTrash(owner, inside, ids, work)),
    unpack: async (spec, work) => {
      if (!applies()) return works.unpack(spec, work);
      const { bytes, files } = await quota().used();
      const { quotaBytes = Infinity, quotaFiles = Infinity } = bounds();
      // How much it is shows only as it comes.
      work.guard(() => {
        if (bytes + work.bytes <= quotaBytes && files + work.files + work.folders <= quotaFiles) return;
        throw new FerryError(Code.QUOTA, 'what is in the archive is more than you may still put here');
      });
      return countedAgain(works.unpack(spec, work));
    },
    archive: (path, work, sink) => works.archive(path, work, sink),
    trash: (path, owner, work) => works.trash(path, owner, work),
    restore: (owner, inside, id, to) => works.restore(owner, inside, id, to),
    listTrash: (owner, inside, work, rows) => works.listTrash(owner, inside, work, rows),
    sum: (path, algorithm, work, rows) => works.sum(path, algorithm, work, rows),
    usage: (path, work, rows) => works.usage(path, work, rows),
    find: (path, query, most, work, rows) => works.find(path, query, most, work, rows),
  };
}

/** With all that is in it. */
async function amountOf(storage: Storage, path: Path): Promise<Amount> {
  const { kind, size } = await storage.stat(path);
  if (kind !== EntryKind.folder) return { bytes: kind === EntryKind.file ? size : 0, files: 1 };
  const { bytes, files } = await amountIn(storage, path);
  return { bytes, files: files + 1 };
}

/** Settles the promise once, whatever becomes of the upload. */
function counted(upload: Upload, book: Quota, promised: Amount, change: Amount): Upload {
  let isSettled = false;
  const settle = (came: Amount): void => {
    if (isSettled) return;
    isSettled = true;
    book.settle(promised, came);
  };
  // It had been published before, and is counted.
  if (upload.committed !== undefined) settle(nothing);
  return {
    ...(upload.committed === undefined ? {} : { committed: upload.committed }),
    ...(upload.run === undefined ? {} : { run: upload.run }),
    verified: () => upload.verified(),
    write: (index, bytes, digest) => upload.write(index, bytes, digest),
    writeSlice: (index, offset, bytes) => upload.writeSlice(index, offset, bytes),
    settle: (index, digest) => upload.settle(index, digest),
    commit: async (rootDigest) => {
      try {
        const committed = await upload.commit(rootDigest);
        settle(change);
        return committed;
      } finally {
        settle(nothing);
      }
    },
    leave: () => {
      settle(nothing);
      return upload.leave();
    },
    discard: () => {
      settle(nothing);
      return upload.discard();
    },
  };
}
