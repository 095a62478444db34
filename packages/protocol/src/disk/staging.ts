/**
 * The hidden folder `.ferry/part` of a root, where files are while they are incomplete: on the same file system as their
 * target, so that publishing is one link or rename. Made when first needed. Called on I/O threads; several threads and
 * processes may share it.
 */

import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { blockCount } from '../content/block.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { byteString, type Name, type Path, stagingName } from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, pathAt } from './at.ts';
import { logCommits, wasCommitted } from './commit-log.ts';
import { errnoOf, onDisk, quietly, unlessErrno } from './errno.ts';
import { factsOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import { stampOf } from './identity.ts';
import { Journal, type JournalHead } from './journal.ts';
import { type KeptVersion, OldVersions } from './old-versions.ts';
import { isOrphan, journalName, partName as partNameFor, stemOf } from './part-name.ts';
import type { Root } from './root.ts';
import { StagedFile } from './staged-file.ts';
import type { Committed, KeepsOld, StagedFileSpec } from './staged-file-spec.ts';
import { checkTarget } from './target.ts';

const partFolderName = 'part' as Name;
const idBytes = 16;
const transferIdShape = /^[0-9a-f]{32}$/;
/** Smaller files begin again: they are in flight as a whole. */
const journaledBlocks = 8;
/** Interrupted transfers that one root keeps; the oldest go first. */
const mostLeftover = 1000;
const busyMs = 600_000;
/** What nobody has gone on with for so long is given up; for {@link Staging.collect}, milliseconds. */
export const partialAgeMs = 7 * 86_400_000;

export type StagingOpts = {
  /** Permission bits that no published file gets, whatever its order says. Default: none are taken away. */
  readonly umask?: number;
  /**
   * Blocks of one thread that may be written beside it at once; beyond that a block is written right here. Default 1, which
   * keeps disk and network busy at once; more take the processor from whoever draws a screen.
   */
  readonly writesBeside?: number;
};

export class Staging {
  readonly root: Root;
  readonly umask: number;
  readonly writesBeside: number;
  readonly #old: OldVersions;

  constructor(root: Root, opts: StagingOpts = {}) {
    this.root = root;
    this.#old = new OldVersions(root);
    this.umask = opts.umask ?? 0;
    this.writesBeside = opts.writesBeside ?? 1;
  }

  /**
   * Begins a file. The answers that commit would give are given now where they are known: nobody should send a gigabyte
   * to hear EXISTS.
   * @throws {FerryError} NOT_FOUND (target's folder), EXISTS, CONFLICT, NO_SPACE, LIMIT, FORBIDDEN, READ_ONLY;
   *   BAD_STATE when this transfer id has a partial file already
   */
  create(spec: StagedFileSpec): StagedFile {
    return this.#create(spec, partNameFor(spec.transferId, isJournaled(spec)));
  }

  #create(spec: StagedFileSpec, partName: Name): StagedFile {
    const targetDev = this.#check(spec, spec.sparse !== true);
    return onDisk(() => {
      const fd = this.#createPart(partName, targetDev);
      try {
        if (spec.sparse === true) ftruncateSync(fd, spec.size);
        return new StagedFile(this, spec, partName, fd, this.#createJournal(spec));
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    });
  }

  /**
   * The partial file that an earlier transfer of this id left behind or that somebody else of the same owner is at. To
   * `resume` means that nobody else is at it, as far as the caller knows: its journal is put in order first. undefined when
   * there is nothing to go on with; what is left over of such a transfer is then removed. What keeps no journal begins again
   * beside what the earlier attempt may still be at.
   * @throws {FerryError} as {@link create}
   */
  reopen(spec: StagedFileSpec, how: 'resume' | 'join'): StagedFile | undefined {
    this.#check(spec, false);
    if (!isJournaled(spec)) {
      if (how === 'join') return undefined;
      return this.#create(spec, partNameFor(randomBytes(idBytes).toString('hex'), false));
    }
    const partName = partNameFor(spec.transferId, true);
    return onDisk(() => {
      let partFolderFd: number;
      try {
        partFolderFd = this.openPartFolder();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
      return closing(partFolderFd, () => {
        const found = Journal.open(partFolderFd, journalName(spec.transferId));
        let fd: number | undefined;
        let isKept = false;
        try {
          fd = this.#openPart(partFolderFd, partName);
          if (found !== undefined && fd !== undefined && isSameTransfer(found.content.head, spec)) {
            if (how === 'join' && !found.content.isCurrent) return undefined;
            if (how === 'resume') found.journal.repair(found.content);
            isKept = true;
            return new StagedFile(this, spec, partName, fd, found.journal);
          }
        } finally {
          if (!isKept) {
            found?.journal.close();
            if (fd !== undefined) closeSync(fd);
          }
        }
        if (found !== undefined && found.content.head.owner !== (spec.owner ?? '')) {
          throw new FerryError(Code.BAD_STATE, 'that transfer is already under way');
        }
        if (how === 'join') return undefined;
        for (const name of [partName, journalName(spec.transferId)]) {
          unlessErrno(['ENOENT'], () => unlinkSync(pathAt(partFolderFd, name)));
        }
        return undefined;
      });
    });
  }

  /** If exactly this transfer has given its target the file that is there now: what its commit has answered, or would have. */
  committed(spec: StagedFileSpec): Committed | undefined {
    return onDisk(() =>
      this.root.withParent(spec.target, (folderFd, name) => {
        const stats = this.root.lookAt(folderFd, name);
        if (stats?.isFile() !== true) return undefined;
        const record = { transferId: spec.transferId, owner: spec.owner ?? '', stamp: stampOf(stats) };
        let known = false;
        unlessErrno(['ENOENT'], () => {
          known = closing(this.root.openFolder([stagingName]), (stagingFd) =>
            wasCommitted(stagingFd, record),
          );
        });
        if (!known) return undefined;
        // Who gave it its name may have been killed before the sync.
        const folders = new FolderSync();
        if (this.root.durable) folders.add(folderFd);
        return { facts: factsOf(name, stats), durable: folders.sync() && this.root.durable };
      }),
    );
  }

  /** For {@link committed}: the file that looks like this gets its name now. It does without if the disk does not take that. */
  remember(spec: StagedFileSpec, stats: BigIntStats): void {
    const record = { transferId: spec.transferId, owner: spec.owner ?? '', stamp: stampOf(stats) };
    quietly(() =>
      closing(this.root.openFolder([stagingName]), (stagingFd) =>
        logCommits(stagingFd, [record], Date.now()),
      ),
    );
  }

  /** Before a file of that name is replaced: a second name for it in the trash, where the order says whose. */
  keepOld({ keepsFor }: KeepsOld, path: Path, folderFd: number, name: Name): KeptVersion | undefined {
    return keepsFor === undefined ? undefined : this.#old.keep(keepsFor, path, folderFd, name, Date.now());
  }

  /** What is known to go wrong; gives the device of the target's folder. */
  #check(spec: StagedFileSpec, wantsSpace = true): number {
    if (!transferIdShape.test(spec.transferId)) throw new Error('a transfer id is 32 hex digits');
    if (spec.size > limits.fileBlocks * limits.blockBytes) {
      throw new FerryError(Code.LIMIT, 'the file is too large to be moved');
    }
    return this.root.withParent(spec.target, (folderFd, name) => {
      checkTarget(this.root, folderFd, name, spec);
      const { bavail, bsize } = statfsSync(folderPath(folderFd));
      if (wantsSpace && spec.size > bavail * bsize) throw noSpace(spec.size, bavail * bsize);
      return fstatSync(folderFd).dev;
    });
  }

  #createJournal(spec: StagedFileSpec): Journal | undefined {
    const { transferId, size, owner = '', source, tag = '' } = spec;
    if (source === undefined || !isJournaled(spec)) return undefined;
    return closing(this.openPartFolder(), (partFolderFd) => {
      const name = journalName(transferId);
      // Left over from a transfer whose partial file is gone.
      unlessErrno(['ENOENT'], () => unlinkSync(pathAt(partFolderFd, name)));
      return Journal.create(partFolderFd, name, { size, owner, source, tag });
    });
  }

  #openPart(partFolderFd: number, partName: Name): number | undefined {
    const seen = lstatAt(partFolderFd, partName);
    if (seen?.isFile() !== true) return undefined;
    return openSync(pathAt(partFolderFd, partName), constants.O_RDWR | constants.O_NOFOLLOW);
  }

  /** Whether there is anything that an interrupted transfer could be gone on with. */
  hasLeftovers(): boolean {
    return onDisk(() => {
      let found = false;
      unlessErrno(['ENOENT'], () =>
        closing(this.openPartFolder(), (partFolderFd) => {
          found = readdirSync(folderPath(partFolderFd)).some((name) => name.endsWith('.journal'));
        }),
      );
      return found;
    });
  }

  /** A handle on the folder of partial files, which the caller closes. @throws ENOENT when there is none; raw system errors */
  openPartFolder(): number {
    const partFolderFd = closing(this.root.openFolder([stagingName]), (stagingFd) => {
      checkOwner(stagingFd);
      return openFolderAt(stagingFd, partFolderName);
    });
    try {
      checkOwner(partFolderFd);
      return partFolderFd;
    } catch (error) {
      closeSync(partFolderFd);
      throw error;
    }
  }

  /**
   * Removes what dead transfers left: at once what nobody can go on with, the rest by the age of its last change, and the
   * oldest beyond `mostTransfers`. Gives how many files. What is being written is young, and none that changed within ten
   * minutes is taken for its number alone.
   */
  collect(maxAgeMs: number, nowMs: number, mostTransfers: number = mostLeftover): number {
    return onDisk(() => {
      let removed = 0;
      unlessErrno(['ENOENT'], () =>
        closing(this.openPartFolder(), (partFolderFd) => {
          const youngestFirst = leftovers(partFolderFd).toSorted((a, b) => b.changedMs - a.changedMs);
          for (const [i, { names, changedMs, isUseless }] of youngestFirst.entries()) {
            const age = nowMs - changedMs;
            if (!isUseless && age <= maxAgeMs && (i < mostTransfers || age <= busyMs)) continue;
            for (const name of names) {
              if (unlessErrno(['ENOENT'], () => unlinkSync(pathAt(partFolderFd, name)))) removed += 1;
            }
          }
        }),
      );
      return removed;
    });
  }

  /** Removes what was begun with that tag and can be gone on with; nobody may be at it. */
  discardTagged(tag: string): void {
    onDisk(() =>
      unlessErrno(['ENOENT'], () =>
        closing(this.openPartFolder(), (partFolderFd) => {
          for (const found of readdirSync(folderPath(partFolderFd))) {
            const stem = found.endsWith('.journal') ? stemOf(found) : undefined;
            if (stem === undefined) continue;
            const journal = Journal.open(partFolderFd, journalName(stem));
            journal?.journal.close();
            if (journal?.content.head.tag !== tag) continue;
            for (const name of [partNameFor(stem, true), journalName(stem)])
              unlessErrno(['ENOENT'], () => unlinkSync(pathAt(partFolderFd, name)));
          }
        }),
      ),
    );
  }

  /** Removes the staging folder unless there are partial files in it. */
  removeIfEmpty(): void {
    const harmless = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];
    const removeAt = (folderFd: number, name: Name) =>
      unlessErrno(harmless, () => rmdirSync(pathAt(folderFd, name)));
    onDisk(() =>
      unlessErrno(harmless, () => {
        closing(this.root.openFolder([stagingName]), (stagingFd) => removeAt(stagingFd, partFolderName));
        this.root.withFolder([], (rootFd) => removeAt(rootFd, stagingName));
      }),
    );
  }

  /** As {@link openPartFolder}, made if there is none, on the file system of the target's folder. @throws {FerryError} FORBIDDEN */
  openOrMakePartFolder(targetFolderFd: number): number {
    return this.#inPartFolder(fstatSync(targetFolderFd).dev, (partFolderFd) => partFolderFd);
  }

  #createPart(partName: Name, targetDev: number): number {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return this.#inPartFolder(targetDev, (partFolderFd) =>
      closing(partFolderFd, () => openSync(pathAt(partFolderFd, partName), flags, 0o600)),
    );
  }

  /** `use` gets the open folder, and closes it or hands it on. */
  #inPartFolder(targetDev: number, use: (partFolderFd: number) => number): number {
    // The first file finds no folder yet; and another process may tidy the empty one away at any moment.
    for (let attempt = 1; ; attempt++) {
      try {
        const partFolderFd = this.openPartFolder();
        if (fstatSync(partFolderFd).dev !== targetDev) {
          closeSync(partFolderFd);
          throw new FerryError(Code.FORBIDDEN, 'that folder lies on another file system');
        }
        return use(partFolderFd);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'EEXIST') {
          throw new FerryError(Code.BAD_STATE, 'that transfer is already under way', { cause: error });
        }
        if (errno === 'ENOTDIR') {
          throw new FerryError(Code.FORBIDDEN, 'the staging folder is not a folder', { cause: error });
        }
        if (errno !== 'ENOENT' || attempt === 3) throw error;
        unlessErrno(['ENOENT'], () => this.#makeFolders());
      }
    }
  }

  #makeFolders(): void {
    this.root.withFolder([], (rootFd) => makeOwnFolder(rootFd, stagingName));
    closing(this.root.openFolder([stagingName]), (stagingFd) => {
      checkOwner(stagingFd);
      makeOwnFolder(stagingFd, partFolderName);
    });
  }
}

type Leftover = {
  readonly names: string[];
  changedMs: number;
  /** Nobody can go on with it, and nobody is at it. */
  isUseless: boolean;
};

/** Partial files and what belongs to them, by transfer. */
function leftovers(partFolderFd: number): readonly Leftover[] {
  const byTransfer = new Map<string, Leftover>();
  for (const found of readdirSync(folderPath(partFolderFd), { encoding: 'buffer' })) {
    const name = byteString(found);
    const stem = stemOf(name);
    if (stem === undefined) continue;
    // The change time: a part's modification time may already be that of the user's file.
    const stats = lstatAt(partFolderFd, name as Name);
    if (stats === undefined) continue;
    const changedMs = Number(stats.ctimeMs);
    const transfer = byTransfer.get(stem) ?? { names: [], changedMs, isUseless: false };
    transfer.names.push(name);
    transfer.changedMs = Math.max(transfer.changedMs, changedMs);
    // A second name is the file's own: whoever gave it that died before the first was gone.
    if (isOrphan(name) || (stats.nlink > 1n && name.endsWith('.part'))) transfer.isUseless = true;
    byTransfer.set(stem, transfer);
  }
  for (const transfer of byTransfer.values())
    if (transfer.names.every((name) => name.endsWith('.journal'))) transfer.isUseless = true;
  return [...byTransfer.values()];
}

function isSameTransfer(head: JournalHead, { size, owner = '', source }: StagedFileSpec): boolean {
  return head.size === size && head.owner === owner && head.source === source;
}

function isJournaled({ source, size }: StagedFileSpec): boolean {
  return source !== undefined && blockCount(size) > journaledBlocks;
}

function makeOwnFolder(folderFd: number, name: Name): void {
  if (lstatAt(folderFd, name) === undefined) {
    unlessErrno(['EEXIST'], () => mkdirSync(pathAt(folderFd, name), 0o700));
  }
}

/** Where others may write, somebody could have put a staging folder of theirs and swap our files in it. */
function checkOwner(folderFd: number): void {
  if (fstatSync(folderFd).uid === process.geteuid?.()) return;
  throw new FerryError(Code.FORBIDDEN, 'the staging folder here belongs to another user');
}

function noSpace(size: number, free: number): FerryError {
  return new FerryError(Code.NO_SPACE, `the file needs ${size} bytes and only ${free} are free`);
}
