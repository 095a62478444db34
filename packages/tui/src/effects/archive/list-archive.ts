/**
 * What is in an archive, without unpacking it: of a zip its directory, of a tar its headers, of a compressed tar what a bounded
 * beginning of it unpacks to. Bounded in bytes read, bytes unpacked and entries. UI thread; unpacking runs on Node's pool.
 */

import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Code, FerryError, limits, type Path } from '@ferry/protocol';
import type { FileSource, Wait } from '../../engine/source.ts';
import type { ArchiveFormat } from '../../state/archive-format.ts';
import type { ArchiveListing } from './archive-entry.ts';
import { TarNames } from './tar-names.ts';
import { zipNames } from './zip-names.ts';

export type ArchiveBounds = {
  readonly mostEntries: number;
  /** Read of the file. */
  readonly mostBytes: number;
  /** Unpacked from it: a few kB may unpack to terabytes. */
  readonly mostUnpacked: number;
};

export type Archive = {
  readonly source: Pick<FileSource, 'readRange'>;
  readonly path: Path;
  readonly format: ArchiveFormat;
  /** Told after each range: the place that was reached. */
  readonly onProgress: (at: number) => void;
};

/** @throws {FerryError} INTEGRITY where it is no such archive; what reading throws; CANCELLED */
export async function listArchive(
  archive: Archive,
  bounds: ArchiveBounds,
  opts: Wait = {},
): Promise<ArchiveListing> {
  const { source, path, format } = archive;
  const { facts } = await source.readRange(path, { offset: 0, length: 1 }, opts);
  // All of one version of the file: parts of two make no archive.
  const { identity, size } = facts;
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for (let at = offset; at < offset + length; at += limits.rangeBytes) {
      const wanted = Math.min(limits.rangeBytes, offset + length - at);
      const { content } = await source.readRange(path, { identity, offset: at, length: wanted }, opts);
      if (content.length < wanted) throw new FerryError(Code.INTEGRITY, 'the archive ends too early');
      pieces.push(content);
      archive.onProgress(at + wanted);
    }
    return Buffer.concat(pieces);
  };
  if (format === 'zip') return zipNames(size, read, bounds);
  const tar = new TarNames();
  const reached =
    format === 'tar' ? await hop(tar, size, read, bounds) : await unpack(tar, size, read, archive, bounds);
  if (tar.entries.length === 0 && tar.isDamaged)
    throw new FerryError(Code.INTEGRITY, 'this is no tar archive');
  const entries = tar.entries.slice(0, bounds.mostEntries);
  if (entries.length < tar.entries.length) return { entries, rest: 'many' };
  return { entries, rest: tar.isOver ? undefined : reached };
}

/** From header to header, over what stands between them. */
async function hop(
  tar: TarNames,
  size: number,
  read: (offset: number, length: number) => Promise<Buffer>,
  { mostEntries, mostBytes }: ArchiveBounds,
): Promise<'far' | 'damaged'> {
  let bytes = 0;
  for (let at = 0; at < size && !tar.isDone && tar.entries.length <= mostEntries; ) {
    if (bytes >= mostBytes) return 'far';
    const length = Math.min(limits.rangeBytes, size - at);
    tar.push(await read(at, length));
    bytes += length;
    at += length + tar.takeSkip();
  }
  return 'damaged';
}

async function unpack(
  tar: TarNames,
  size: number,
  read: (offset: number, length: number) => Promise<Buffer>,
  { format }: Archive,
  { mostEntries, mostBytes, mostUnpacked }: ArchiveBounds,
): Promise<'far' | 'damaged'> {
  let isFar = false;
  let unpacked = 0;
  const packed = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < size; at += limits.rangeBytes) {
      isFar = at >= mostBytes;
      if (isFar) return;
      yield await read(at, Math.min(limits.rangeBytes, size - at));
    }
  };
  const isEnough = (): boolean => {
    isFar ||= unpacked > mostUnpacked;
    return isFar || tar.isDone || tar.entries.length > mostEntries;
  };
  try {
    await pipeline(
      packed,
      format === 'tar.gz' ? createGunzip() : createZstdDecompress(),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          unpacked += chunk.length;
          tar.push(chunk);
          if (isEnough()) return;
        }
      },
    );
  } catch (error) {
    // An end in the middle is what a bounded beginning has.
    if (error instanceof FerryError) throw error;
    if (!isEnough() && tar.entries.length === 0) {
      throw new FerryError(Code.INTEGRITY, 'this archive cannot be unpacked', { cause: error });
    }
  }
  return isFar ? 'far' : 'damaged';
}
