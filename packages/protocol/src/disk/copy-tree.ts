/**
 * Copying files and folders inside a root. A copy is built in the staging folder, where nobody sees it, and gets its name
 * when it is complete and on the disk: a file at once, a folder with all that is in it at once too. Called on I/O threads;
 * goes on in slices.
 */

import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { linkStaysInside } from '../link-target.ts';
import { closing, folderPath, linkAt, lstatAt, openFolderAt, pathAt, reopenFolderToSync } from './at.ts';
import { copyContent, shareContent } from './copy-file.ts';
import { factsOf } from './facts.ts';
import { FileSyncs } from './file-syncs.ts';
import { type GraftSpec, graft, type Place, type Spot } from './graft.ts';
import { identityOf } from './identity.ts';
import { namesIn } from './names-in.ts';
import { removeAt } from './remove-tree.ts';
import type { Root } from './root.ts';
import { setFacts } from './set-facts.ts';
import { stageEntry } from './stage-entry.ts';
import type { Staging } from './staging.ts';
import { Work } from './work.ts';

/**
 * Links are copied, not followed; one that would lead out of `inside` fails. Permission bits and times are kept, owners not.
 * Cancelled or failed, nothing of a copy is there that had no name yet.
 * @throws {FerryError} as graft
 */
export async function copyTree(staging: Staging, spec: GraftSpec, work: Work): Promise<void> {
  const copier = new Copier(staging, spec, work);
  const { root } = staging;
  await graft(
    {
      root,
      work,
      put: (from, stats, to, place, existing) => copier.put(from, stats, to, place, existing),
      joined: () => {},
    },
    spec,
  );
}

class Copier {
  readonly #staging: Staging;
  readonly #spec: GraftSpec;
  readonly #fromRoot: Root;
  readonly #insideDepth: number;
  readonly #work: Work;
  #canShare = true;
  #syncs = new FileSyncs(false);
  /** What gets its name as a whole. */
  #top: Place | undefined;

  constructor(staging: Staging, spec: GraftSpec, work: Work) {
    this.#staging = staging;
    this.#spec = spec;
    this.#fromRoot = spec.fromRoot ?? staging.root;
    this.#insideDepth = spec.inside?.length ?? 0;
    this.#work = work;
  }

  async put(
    from: Spot,
    stats: BigIntStats,
    to: Spot,
    place: Place,
    existing: 'fail' | 'overwrite',
  ): Promise<void> {
    this.#checkSpace(to.folderFd, stats);
    const keep = () => this.#staging.keepOld(this.#spec, place.to, to.folderFd, to.name);
    const order = { isFolder: stats.isDirectory(), existing, keep };
    await stageEntry(this.#staging, to, order, this.#work, async (part, syncs) => {
      this.#syncs = syncs;
      this.#top = place;
      await this.#build(from, stats, part, place);
      return stats.isDirectory() ? this.#modeOf(stats) : undefined;
    });
  }

  async #build(from: Spot, stats: BigIntStats, to: Spot, place: Place): Promise<void> {
    if (stats.isFile()) await this.#buildFile(from, to);
    else if (stats.isDirectory()) await this.#buildFolder(from, to, place);
    else if (stats.isSymbolicLink()) this.#buildLink(from, to, place);
    else throw new FerryError(Code.NOT_REGULAR, 'neither a file, a folder nor a link');
  }

  async #buildFile(from: Spot, to: Spot): Promise<void> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fromFd = openSync(pathAt(from.folderFd, from.name), flags);
    try {
      const stats = fstatSync(fromFd, { bigint: true });
      // It may have become something else since it was looked at.
      if (!stats.isFile() || !this.#fromRoot.isOn(Number(stats.dev))) {
        throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
      }
      const { size, modified } = factsOf(from.name, stats);
      const create = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const toFd = openSync(pathAt(to.folderFd, to.name), create, 0o600);
      try {
        if (size > 0 && this.#canShare) this.#canShare = shareContent(fromFd, toFd);
        if (size > 0 && !this.#canShare) {
          const hasHoles = stats.blocks * 512n < stats.size;
          await copyContent(fromFd, toFd, { size, hasHoles }, this.#work);
        } else this.#work.bytes += size;
        if (identityOf(fstatSync(fromFd, { bigint: true })) !== identityOf(stats)) {
          throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was copied');
        }
        setFacts(toFd, this.#modeOf(stats), modified);
      } catch (error) {
        closeSync(toFd);
        throw error;
      }
      this.#work.files += 1;
      const synced = this.#syncs.add(toFd);
      if (synced !== undefined) await synced;
    } finally {
      closeSync(fromFd);
    }
  }

  async #buildFolder(from: Spot, to: Spot, place: Place): Promise<void> {
    if (place.to.length >= limits.pathDepth) {
      throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathDepth} names`);
    }
    const root = this.#fromRoot;
    const fromFd = openFolderAt(from.folderFd, from.name);
    try {
      const stats = fstatSync(fromFd, { bigint: true });
      if (!root.isOn(Number(stats.dev))) throw new FerryError(Code.NOT_FOUND, 'no such file or folder');
      mkdirSync(pathAt(to.folderFd, to.name), 0o700);
      const toFd = openFolderAt(to.folderFd, to.name);
      try {
        for (const { name } of namesIn(fromFd)) {
          const below = [...place.below, name];
          const turn = this.#work.turn();
          if (turn !== undefined) await turn;
          try {
            const seen = root.lookAt(fromFd, name);
            if (seen === undefined) continue;
            const child = { to: [...place.to, name], below };
            await this.#build({ folderFd: fromFd, name }, seen, { folderFd: toFd, name }, child);
          } catch (error) {
            this.#work.fail(below, error);
            await this.#clear({ folderFd: toFd, name });
          }
        }
        // The first one must be writable until it has its name.
        const mode = place === this.#top ? 0o700 : this.#modeOf(stats);
        closing(reopenFolderToSync(toFd), (fd) => {
          setFacts(fd, mode, factsOf(from.name, stats).modified);
          this.#syncs.folder(fd);
        });
      } finally {
        closeSync(toFd);
      }
    } finally {
      closeSync(fromFd);
    }
    this.#work.folders += 1;
  }

  /** Half of an entry must not be in the copy. */
  async #clear({ folderFd, name }: Spot): Promise<void> {
    const left = lstatAt(folderFd, name);
    if (left === undefined) return;
    const how = { isFolder: left.isDirectory(), isOurs: true };
    await removeAt(this.#staging.root, { folderFd, name }, how, [], new Work());
  }

  #buildLink(from: Spot, to: Spot, place: Place): void {
    const target = linkAt(from.folderFd, from.name);
    const isOfOneRoot = this.#fromRoot === this.#staging.root;
    if (isOfOneRoot && !linkStaysInside(place.to.slice(this.#insideDepth), target)) {
      throw new FerryError(Code.FORBIDDEN, 'that link leads out of what is shared');
    }
    symlinkSync(Buffer.from(target, 'latin1'), pathAt(to.folderFd, to.name));
    this.#work.files += 1;
  }

  #modeOf({ mode }: BigIntStats): number {
    return Number(mode) & 0o777 & ~this.#staging.umask;
  }

  /** Nobody should copy a gigabyte to hear NO_SPACE; of a folder it is not known before. */
  #checkSpace(folderFd: number, stats: BigIntStats): void {
    if (!stats.isFile()) return;
    const { bavail, bsize } = statfsSync(folderPath(folderFd));
    const onDisk = Math.min(Number(stats.size), Number(stats.blocks) * 512);
    if (onDisk <= bavail * bsize) return;
    throw new FerryError(
      Code.NO_SPACE,
      `the file needs ${stats.size} bytes and only ${bavail * bsize} are free`,
    );
  }
}
