/**
 * Unpacking a tar archive that lies in a root into a new folder of it: built out of sight, confined to itself, and there when it
 * is complete. Called on I/O threads; goes on in slices.
 */

import { closeSync, constants, linkSync, mkdirSync, openSync, read, symlinkSync, unlinkSync } from 'node:fs';
import { pipeline, Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type TarEntry, type TarFound, tarEntries } from '../content/tar.ts';
import { zstdFrames, zstdMagic } from '../content/zstd-frames.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { linkStaysInside } from '../link-target.ts';
import { bytesOf, checkName, type Name, type Path } from '../path.ts';
import { closing, lstatAt, openFolderAt, pathAt, reopenFolder, reopenFolderToSync } from './at.ts';
import { onDiskAsync, unlessErrno } from './errno.ts';
import type { FileSyncs } from './file-syncs.ts';
import { openRead } from './open-file.ts';
import { setFacts } from './set-facts.ts';
import { stageEntry } from './stage-entry.ts';
import type { Staging } from './staging.ts';
import { checkTarget } from './target.ts';
import type { Work } from './work.ts';
import { writeFully } from './write-fully.ts';

const readOnPool = promisify(read);
const chunkBytes = 256 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);

export type UnpackSpec = {
  readonly archive: Path;
  /** The folder to be made. */
  readonly to: Path;
  /** The folder that links may not lead out of; default: the root. */
  readonly inside?: Path;
};

/**
 * Understands tar, tar.gz and tar.zst by their first bytes. Entries with absolute names or `..`, links out, devices and the like
 * fail by themselves and are told to the work; owners are not kept.
 * @throws {FerryError} NOT_FOUND, NOT_REGULAR (the archive), EXISTS (the folder), MALFORMED (no archive, or damaged), LIMIT
 *   (too many entries), NO_SPACE; CANCELLED. There is no folder then
 */
export async function unpackTree(staging: Staging, spec: UnpackSpec, work: Work): Promise<void> {
  const { root } = staging;
  const file = openRead(root, spec.archive);
  try {
    const to = root.holdParent(spec.to);
    try {
      await onDiskAsync(async () => {
        checkTarget(root, to.folderFd, to.name, { existing: 'fail' });
        await stageEntry(staging, to, { isFolder: true, existing: 'fail' }, work, async (part, syncs) => {
          mkdirSync(pathAt(part.folderFd, part.name), 0o700);
          const fd = openFolderAt(part.folderFd, part.name);
          try {
            const unpacker = new Unpacker(fd, spec, work, syncs);
            for await (const found of tarEntries(unpacked(file, work))) await unpacker.take(found);
            unpacker.finish();
          } finally {
            closeSync(fd);
          }
          work.folders += 1;
          return 0o755;
        });
      });
    } finally {
      closeSync(to.folderFd);
    }
  } finally {
    file.close();
  }
}

type Source = ReturnType<typeof openRead>;

async function* unpacked(file: Source, work: Work): AsyncGenerator<Buffer, void, void> {
  const head = Buffer.alloc(Math.min(4, file.facts.size));
  file.readAt(0, head);
  const bytes = packed(file, work);
  if (head.equals(zstdMagic)) {
    for await (const frame of zstdFrames(bytes)) {
      yield* through(frame, createZstdDecompress({ chunkSize: chunkBytes }));
    }
  } else if (head.subarray(0, 2).equals(gzipMagic)) {
    yield* through(bytes, createGunzip({ chunkSize: chunkBytes }));
  } else yield* bytes;
}

async function* through(
  bytes: AsyncIterable<Buffer>,
  decompressor: Transform,
): AsyncGenerator<Buffer, void, void> {
  // An error of either ends both; the loop below throws it.
  const plain = pipeline(Readable.from(bytes, { objectMode: false }), decompressor, () => {});
  try {
    for await (const chunk of plain) yield chunk as Buffer;
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(Code.MALFORMED, 'the archive is damaged', { cause });
  }
}

async function* packed(file: Source, work: Work): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < file.facts.size; ) {
    const turn = work.turn();
    if (turn !== undefined) await turn;
    // A new one each time: the decompressor may still hold the last.
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, file.facts.size - at));
    const { bytesRead } = await readOnPool(file.fd, buffer, 0, buffer.length, at);
    if (bytesRead === 0)
      throw new FerryError(Code.SOURCE_CHANGED, 'the archive became shorter while it was read');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

type Folder = { readonly names: Path; readonly mode: number; readonly modified: number };

class Unpacker {
  readonly #topFd: number;
  readonly #spec: UnpackSpec;
  readonly #work: Work;
  readonly #syncs: FileSyncs;
  /** Told of in the archive; they get their facts when all is in them. */
  readonly #folders: Folder[] = [];
  #entries = 0;

  constructor(topFd: number, spec: UnpackSpec, work: Work, syncs: FileSyncs) {
    this.#topFd = topFd;
    this.#spec = spec;
    this.#work = work;
    this.#syncs = syncs;
  }

  async take({ entry, content }: TarFound): Promise<void> {
    const turn = this.#work.turn();
    if (turn !== undefined) await turn;
    this.#entries += 1;
    if (this.#entries > limits.unpackEntries) {
      throw new FerryError(Code.LIMIT, `an archive may have at most ${limits.unpackEntries} entries`);
    }
    let shown: Path = [];
    try {
      const names = namesOf(entry.path);
      shown = names;
      if (names.length > 0) await this.#put(names, entry, content);
    } catch (error) {
      if (error instanceof FerryError && error.code === Code.MALFORMED) throw error;
      this.#work.fail(shown, error);
    }
  }

  /** Folders get their times and permissions, the innermost first. */
  finish(): void {
    const innermostFirst = this.#folders.toSorted((a, b) => b.names.length - a.names.length);
    for (const { names, mode, modified } of innermostFirst) {
      const fd = this.#folder(names, false);
      try {
        closing(reopenFolderToSync(fd), (own) => {
          setFacts(own, mode & 0o777, timeOf(modified));
          this.#syncs.folder(own);
        });
      } finally {
        closeSync(fd);
      }
    }
    closing(reopenFolderToSync(this.#topFd), (own) => this.#syncs.folder(own));
  }

  async #put(names: Path, entry: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    if (entry.kind === 'folder') {
      closeSync(this.#folder(names, true));
      this.#folders.push({ names, mode: entry.mode, modified: entry.modified });
      this.#work.folders += 1;
      return;
    }
    const name = names.at(-1);
    if (name === undefined) return;
    const folderFd = this.#folder(names.slice(0, -1), true);
    try {
      if (entry.kind === 'file') await this.#putFile(folderFd, name, entry, content);
      else if (entry.kind === 'symlink') this.#putLink(folderFd, name, names, entry.target);
      else if (entry.kind === 'hardlink') this.#putOtherName(folderFd, name, entry.target);
      else throw new FerryError(Code.NOT_REGULAR, 'neither a file, a folder nor a link');
    } finally {
      closeSync(folderFd);
    }
    this.#work.files += 1;
  }

  async #putFile(
    folderFd: number,
    name: Name,
    entry: TarEntry,
    content: AsyncIterable<Buffer>,
  ): Promise<void> {
    clear(folderFd, name);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(pathAt(folderFd, name), flags, 0o600);
    try {
      let done = 0;
      for await (const chunk of content) {
        const turn = this.#work.turn();
        if (turn !== undefined) await turn;
        writeFully(fd, chunk, done);
        done += chunk.length;
        this.#work.bytes += chunk.length;
      }
      setFacts(fd, entry.mode & 0o777, timeOf(entry.modified));
    } catch (error) {
      closeSync(fd);
      unlessErrno(['ENOENT'], () => unlinkSync(pathAt(folderFd, name)));
      throw error;
    }
    const synced = this.#syncs.add(fd);
    if (synced !== undefined) await synced;
  }

  #putLink(folderFd: number, name: Name, names: Path, target: string): void {
    const { to, inside = [] } = this.#spec;
    if (target === '' || target.includes('\0')) {
      throw new FerryError(Code.NAME_INVALID, 'no link can lead there');
    }
    if (!linkStaysInside([...to.slice(inside.length), ...names], target)) {
      throw new FerryError(Code.FORBIDDEN, 'that link leads out of what is shared');
    }
    clear(folderFd, name);
    symlinkSync(bytesOf(target), pathAt(folderFd, name));
  }

  /** Of a file that came before. */
  #putOtherName(folderFd: number, name: Name, target: string): void {
    const names = namesOf(target);
    const last = names.at(-1);
    if (last === undefined) throw new FerryError(Code.NAME_INVALID, 'a file without a name');
    const fromFd = this.#folder(names.slice(0, -1), false);
    try {
      if (lstatAt(fromFd, last)?.isFile() !== true) {
        throw new FerryError(Code.NOT_FOUND, 'the file that it is another name of did not come before');
      }
      clear(folderFd, name);
      linkSync(pathAt(fromFd, last), pathAt(folderFd, name));
    } finally {
      closeSync(fromFd);
    }
  }

  /** Walked one name at a time from the new folder, following nothing. The caller closes it. */
  #folder(names: Path, make: boolean): number {
    if (this.#spec.to.length + names.length >= limits.pathDepth) {
      throw new FerryError(Code.NAME_TOO_LONG, `a path may have at most ${limits.pathDepth} names`);
    }
    let fd = reopenFolder(this.#topFd);
    for (const name of names) {
      const parentFd = fd;
      try {
        if (make) unlessErrno(['EEXIST'], () => mkdirSync(pathAt(parentFd, name), 0o755));
        fd = openFolderAt(parentFd, name);
      } finally {
        closeSync(parentFd);
      }
    }
    return fd;
  }
}

/** A later entry takes the place of an earlier one, unless that is a folder. */
function clear(folderFd: number, name: Name): void {
  unlessErrno(['ENOENT'], () => unlinkSync(pathAt(folderFd, name)));
}

/** @throws {FerryError} NAME_INVALID for absolute names and `..` */
function namesOf(path: string): Path {
  if (path.startsWith('/')) throw new FerryError(Code.NAME_INVALID, 'its name begins at the root');
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map(checkName);
}

function timeOf(seconds: number): { s: number; ns: number } {
  return { s: Math.min(Math.max(seconds, -2_208_988_800), 253_402_300_799), ns: 0 };
}
