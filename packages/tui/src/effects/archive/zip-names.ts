/** The names in a zip archive, from the directory at its end: a few ranges, whatever its size. UI thread; reads through `read`. */

import { Code, FerryError } from '@ferry/protocol';
import type { ArchiveEntry, ArchiveListing } from './archive-entry.ts';

/** Exactly these bytes of the file. @throws {FerryError} */
export type Read = (offset: number, length: number) => Promise<Buffer>;

export type ZipBounds = { readonly mostEntries: number; readonly mostBytes: number };

/** The end record with the longest comment that there can be. */
const tailBytes = 22 + 0xffff;
const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, entry: 0x02014b50 };
const entryBytes = 46;
/** In these fields: look into the zip64 record. */
const large = 0xffffffff;

/** @throws {FerryError} INTEGRITY where this is no zip archive; what `read` throws */
export async function zipNames(
  size: number,
  read: Read,
  { mostEntries, mostBytes }: ZipBounds,
): Promise<ArchiveListing> {
  const { offset, length } = await directoryOf(size, read);
  const directory = await read(offset, Math.min(length, mostBytes));
  const entries: ArchiveEntry[] = [];
  let at = 0;
  while (at + entryBytes <= directory.length) {
    if (directory.readUInt32LE(at) !== signatures.entry) return { entries, rest: 'damaged' };
    if (entries.length >= mostEntries) return { entries, rest: 'many' };
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + entryBytes + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) break;
    entries.push(entryAt(directory, at, nameBytes, extraBytes));
    at = next;
  }
  if (at === length) return { entries, rest: undefined };
  return { entries, rest: length > mostBytes ? 'far' : 'damaged' };
}

/** It ends where the record begins that says how long it is; so something may stand before the archive. */
async function directoryOf(size: number, read: Read): Promise<{ offset: number; length: number }> {
  const tailAt = Math.max(0, size - tailBytes);
  const tail = await read(tailAt, size - tailAt);
  const end = endRecord(tail);
  if (end < 0) throw new FerryError(Code.INTEGRITY, 'this is no zip archive');
  const length = tail.readUInt32LE(end + 12);
  const locator = end - 20;
  const isLarge = length === large || tail.readUInt32LE(end + 16) === large;
  if (!isLarge || locator < 0 || tail.readUInt32LE(locator) !== signatures.locator64) {
    return within(tailAt + end, length);
  }
  const record = Number(tail.readBigUInt64LE(locator + 8));
  if (!Number.isSafeInteger(record) || record + 56 > size) throw damaged();
  const bytes = await read(record, 56);
  if (bytes.readUInt32LE(0) !== signatures.end64) throw damaged();
  return within(record, Number(bytes.readBigUInt64LE(40)));
}

function within(end: number, length: number): { offset: number; length: number } {
  if (length > end) throw damaged();
  return { offset: end - length, length };
}

function damaged(): FerryError {
  return new FerryError(Code.INTEGRITY, 'the directory of this zip archive is damaged');
}

/** The last place where an end record stands whose comment reaches the end of the file. */
function endRecord(tail: Buffer): number {
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) === signatures.end && at + 22 + tail.readUInt16LE(at + 20) === tail.length)
      return at;
  }
  return -1;
}

function entryAt(directory: Buffer, at: number, nameBytes: number, extraBytes: number): ArchiveEntry {
  const name = directory.toString('latin1', at + entryBytes, at + entryBytes + nameBytes);
  const extra = directory.subarray(at + entryBytes + nameBytes, at + entryBytes + nameBytes + extraBytes);
  const size = directory.readUInt32LE(at + 24);
  // Made by a Unix, in the upper byte of the version: then the upper half of these attributes is its mode.
  const isUnix = directory.readUInt8(at + 5) === 3;
  const mode = directory.readUInt32LE(at + 38) >>> 16;
  return {
    name,
    size: size === large ? (largeSize(extra) ?? size) : size,
    modified: dosTime(directory.readUInt16LE(at + 14), directory.readUInt16LE(at + 12)),
    mode: isUnix && mode !== 0 ? mode & 0o777 : undefined,
  };
}

/** The first of the numbers that did not fit: the size, as that one did not. */
function largeSize(extra: Buffer): number | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1 || at + 12 > extra.length) continue;
    const size = Number(extra.readBigUInt64LE(at + 4));
    return Number.isSafeInteger(size) ? size : undefined;
  }
  return undefined;
}

/** In the time of where it was packed, which nobody knows. */
function dosTime(date: number, time: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const [month, day] = [(date >> 5) & 15, date & 31];
  if (month === 0 || day === 0) return '';
  return `${1980 + (date >> 9)}-${two(month)}-${two(day)} ${two(time >> 11)}:${two((time >> 5) & 63)}`;
}
