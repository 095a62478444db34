/**
 * Copying files and folders inside a root. A copy is built in the staging folder, where nobody sees it, and gets its name
 * when it is complete and on the disk: a file at once, a folder with all that is in it at once too. Called on I/O threads;
 * goes on in slices.
 */

import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readlinkSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { linkStaysInside } from '../link-target.ts';
import { byteString, checkName } from '../path.ts';
import { closing, folderPath, lstatAt, openFolderAt, pathAt, reopenFolderToSync } from './at.ts';
import { copyContent, shareContent } from './copy-file.ts';
import { unlessErrno } from './errno.ts';
import { factsOf } from './facts.ts';
import { FolderSync } from './folder-sync.ts';
import { type GraftSpec, graft, type Place, type Spot } from './graft.ts';
import { identityOf } from './identity.ts';
import { moveAt } from './move.ts';
import { namesIn } from './names-in.ts';
import { removeAt } from './remove-tree.ts';
import { renameOver } from './rename-over.ts';
import { setFacts } from './set-facts.ts';
import type { Staging } from './staging.ts';
import { Work } from './work.ts';

const syncOnPool = promisify(fdatasync);
/** Files whose syncs go on together, so that the file system can do them in one. */
const mostUnsynced = 64;
const tmpfsMagic = 0x01021994;

/**
 * Links are copied, not followed; one that would lead out of `inside` fails. Permission bits and times are kept, owners not.
 * Cancelled or failed, nothing of a copy is there that had no name yet.
 * @throws {FerryError} as graft
 */
export async function copyTree(staging: Staging, spec: GraftSpec, work: Work): Promise<void> {
  const copier = new Copier(staging, spec.inside?.length ?? 0, work);
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
  readonly #insideDepth: number;
  readonly #work: Work;
  #canShare = true;
  #unsynced: number[] = [];

  constructor(staging: Staging, insideDepth: number, work: Work) {
    this.#staging = staging;
    this.#insideDepth = insideDepth;
    this.#work = work;
  }

  async put(
    from: Spot,
    stats: BigIntStats,
    to: Spot,
    place: Place,
    existing: 'fail' | 'overwrite',
  ): Promise<void> {
    const { root } = this.#staging;
    const isFolder = stats.isDirectory();
    this.#checkSpace(to.folderFd, stats);
    const partFolderFd = this.#staging.openOrMakePartFolder(to.folderFd);
    const part = checkName(`${randomBytes(16).toString('hex')}.${isFolder ? 'tree' : 'part'}`);
    const syncs = root.durable && statfsSync(folderPath(partFolderFd)).type !== tmpfsMagic;
    try {
      await this.#build(from, stats, { folderFd: partFolderFd, name: part }, place, syncs);
      await this.#sync();
      if (!root.contains(to.folderFd)) {
        throw new FerryError(Code.NOT_FOUND, 'the folder was moved away while it was copied to');
      }
      this.#work.check();
      if (existing === 'fail') moveAt(partFolderFd, part, to.folderFd, to.name, isFolder);
      else renameOver(pathAt(partFolderFd, part), pathAt(to.folderFd, to.name));
      if (!root.durable) return;
      const folders = new FolderSync();
      folders.add(to.folderFd);
      folders.add(partFolderFd);
      folders.sync();
    } catch (error) {
      for (const fd of this.#unsynced.splice(0)) closeSync(fd);
      // Not to be cancelled; what stays behind all the same is collected by age.
      await removeAt(root, partFolderFd, part, isFolder, [], new Work()).catch(() => {});
      throw error;
    } finally {
      closeSync(partFolderFd);
    }
  }

  async #build(from: Spot, stats: BigIntStats, to: Spot, place: Place, syncs: boolean): Promise<void> {
    if (stats.isFile()) await this.#buildFile(from, to, syncs);
    else if (stats.isDirectory()) await this.#buildFolder(from, to, place, syncs);
    else if (stats.isSymbolicLink()) this.#buildLink(from, to, place);
    else throw new FerryError(Code.NOT_REGULAR, 'neither a file, a folder nor a link');
  }

  async #buildFile(from: Spot, to: Spot, syncs: boolean): Promise<void> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fromFd = openSync(pathAt(from.folderFd, from.name), flags);
    try {
      const stats = fstatSync(fromFd, { bigint: true });
      // It may have become something else since it was looked at.
      if (!stats.isFile() || !this.#staging.root.isOn(Number(stats.dev))) {
        throw new FerryError(Code.NOT_REGULAR, 'not a regular file');
      }
      const { size, mode, modified } = factsOf(from.name, stats);
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
        setFacts(toFd, mode & 0o777 & ~this.#staging.umask, modified);
      } catch (error) {
        closeSync(toFd);
        throw error;
      }
      this.#work.files += 1;
      if (syncs) this.#unsynced.push(toFd);
      else closeSync(toFd);
      if (this.#unsynced.length >= mostUnsynced) await this.#sync();
    } finally {
      closeSync(fromFd);
    }
  }

  async #buildFolder(from: Spot, to: Spot, place: Place, syncs: boolean): Promise<void> {
    if (place.to.length >= limits.pathDepth) {
      throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathDepth} names`);
    }
    const { root } = this.#staging;
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
            await this.#build({ folderFd: fromFd, name }, seen, { folderFd: toFd, name }, child, syncs);
          } catch (error) {
            this.#work.fail(below, error);
            await this.#clear({ folderFd: toFd, name });
          }
        }
        const { mode, modified } = factsOf(from.name, stats);
        closing(reopenFolderToSync(toFd), (fd) => {
          setFacts(fd, mode & 0o777 & ~this.#staging.umask, modified);
          if (syncs) unlessErrno(['EINVAL'], () => fsyncSync(fd));
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
    await removeAt(this.#staging.root, folderFd, name, left.isDirectory(), [], new Work());
  }

  #buildLink(from: Spot, to: Spot, place: Place): void {
    const target = readlinkSync(pathAt(from.folderFd, from.name), 'buffer');
    if (!linkStaysInside(place.to.slice(this.#insideDepth), byteString(target))) {
      throw new FerryError(Code.FORBIDDEN, 'that link leads out of what is shared');
    }
    symlinkSync(target, pathAt(to.folderFd, to.name));
    this.#work.files += 1;
  }

  /** All that was written reaches the disk before it gets a name. */
  async #sync(): Promise<void> {
    const fds = this.#unsynced.splice(0);
    const ends = await Promise.allSettled(fds.map((fd) => syncOnPool(fd)));
    for (const fd of fds) closeSync(fd);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
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
