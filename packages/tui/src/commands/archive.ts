/** `ferry get --as FORMAT` and `ferry unpack`: folders as archives, made and taken apart by the server. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  baseName,
  bytesOf,
  Code,
  FerryError,
  nameFromBytes,
  type Path,
  parentPath,
  show,
} from '@ferry/protocol';
import { blockDigest, sameDigest } from '@ferry/protocol/content';
import { ArchiveFormat, archive, unpack } from '@ferry/protocol/messages';
import { isAddress } from '@ferry/protocol/session';
import type { ConnectOptions } from './connect.ts';
import type { ExitCode } from './exit-code.ts';
import { addressesOf, withSession } from './open-session.ts';
import { TreeReport } from './tree-report.ts';

export type ArchiveOptions = ConnectOptions & {
  readonly as?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
};

const formats: Readonly<Record<string, ArchiveFormat>> = {
  tar: ArchiveFormat.tar,
  'tar.gz': ArchiveFormat.gzip,
  'tar.zst': ArchiveFormat.zstd,
};

/** `ferry get --as FORMAT ADDRESS/PATH [LOCAL]`; `-` is stdout. */
export async function getArchive(args: readonly string[], options: ArchiveOptions): Promise<ExitCode> {
  const { as: word = '' } = options;
  const format = formats[word];
  if (format === undefined) throw new FerryError(Code.USAGE, '--as wants tar, tar.gz or tar.zst');
  const [address = '', local, ...more] = args;
  const path = addressesOf('get', [address])[0]?.path ?? [];
  if (more.length > 0 || (local !== undefined && isAddress(local))) {
    throw new FerryError(Code.USAGE, 'ferry get --as wants one ADDRESS/PATH, and perhaps where to put it');
  }
  const report = new TreeReport('archived', options.json);
  return withSession(address, options, async ({ session, signal }) => {
    const target = local === '-' ? stdoutTarget() : fileTarget(local, path, word, options.overwrite === true);
    try {
      const lane = await session.openLane({ signal });
      try {
        let next = 0;
        const { blocks, size, ...done } = await lane.call(
          archive,
          { path, format },
          {
            signal,
            onPart: (part) => report.progress(path, part),
            onBlock: ({ index, digest }, content) => {
              if (index !== next || !sameDigest(blockDigest(content), digest)) {
                throw new FerryError(Code.INTEGRITY, 'the archive arrived damaged');
              }
              next += 1;
              return target.write(content);
            },
          },
        );
        if (blocks !== next) throw new FerryError(Code.INTEGRITY, 'the archive arrived in part');
        target.finish();
        report.ended(path, { ...done, bytes: size });
      } finally {
        lane.close();
      }
    } catch (error) {
      target.discard();
      throw error;
    }
    return report.exitCode;
  });
}

/** `ferry unpack ADDRESS/ARCHIVE [ADDRESS/FOLDER]` */
export async function unpackArchive(args: readonly string[], options: ArchiveOptions): Promise<ExitCode> {
  const [from, to] = addressesOf('unpack', args);
  if (from === undefined || args.length > 2) {
    throw new FerryError(Code.USAGE, 'ferry unpack wants ADDRESS/ARCHIVE, and perhaps ADDRESS/FOLDER');
  }
  const path = to?.path ?? folderFor(from.path);
  const report = new TreeReport('unpacked', options.json);
  return withSession(args[0] ?? '', options, async ({ session, signal }) => {
    const done = await session.channel.call(
      unpack,
      { archive: from.path, to: path },
      { signal, onPart: (part) => report.progress(path, part) },
    );
    report.ended(path, done);
    return report.exitCode;
  });
}

/** The archive's name without what says that it is one. */
function folderFor(archivePath: Path): Path {
  const name = baseName(archivePath) ?? '';
  const short = name.replace(/\.(?:tar|tar\.gz|tgz|tar\.zst|tzst)$/i, '');
  if (short === name || short === '') {
    throw new FerryError(Code.USAGE, 'say which folder it shall become');
  }
  return [...parentPath(archivePath), nameFromBytes(bytesOf(short))];
}

type Target = {
  /** The bytes are lent until its promise settles. */
  write(bytes: Buffer): void | Promise<void>;
  /** All of it is there. */
  finish(): void;
  /** Idempotent, and harmless after finish. */
  discard(): void;
};

function stdoutTarget(): Target {
  return {
    // A copy: the buffer is used again, the stream may keep it.
    write: (bytes) =>
      new Promise((done, failed) => {
        process.stdout.write(Buffer.from(bytes), (error) => {
          if (error === null || error === undefined) done();
          else failed(new FerryError(Code.IO_ERROR, 'stdout takes no more', { cause: error }));
        });
      }),
    finish: () => {},
    discard: () => {},
  };
}

/** Under another name until it is complete. @throws {FerryError} EXISTS, IO_ERROR */
function fileTarget(local: string | undefined, path: Path, format: string, replace: boolean): Target {
  const name = bytesOf(`${baseName(path) ?? 'share'}.${format}`).toString('utf8');
  const place = resolve(local ?? '.');
  const file =
    lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true ? join(place, name) : place;
  if (!replace && lstatSync(file, { throwIfNoEntry: false }) !== undefined) throw taken(file);
  const part = join(dirname(file), `.ferry-${randomBytes(8).toString('hex')}.part`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const fd = onLocalDisk(() => openSync(part, flags, 0o666));
  let isOpen = true;
  const discard = (): void => {
    if (!isOpen) return;
    isOpen = false;
    closeSync(fd);
    unlinkSync(part);
  };
  return {
    write: (bytes) => {
      onLocalDisk(() => {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      });
    },
    finish: () => {
      onLocalDisk(() => fsyncSync(fd));
      onLocalDisk(() => {
        if (replace) renameSync(part, file);
        else linkSync(part, file);
      }, file);
      isOpen = false;
      closeSync(fd);
      if (!replace) unlinkSync(part);
    },
    discard,
  };
}

function onLocalDisk<T>(use: () => T, file = ''): T {
  try {
    return use();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(file);
    if (code === 'ENOSPC') throw new FerryError(Code.NO_SPACE, 'no space is left on the disk', { cause });
    if (code === 'ENOENT') throw new FerryError(Code.NOT_FOUND, 'there is no such folder', { cause });
    throw new FerryError(Code.IO_ERROR, 'the disk does not take the archive', { cause });
  }
}

function taken(file: string): FerryError {
  return new FerryError(Code.EXISTS, `${show(file)} is there already`);
}
