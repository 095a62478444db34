/**
 * Which blocks of a partial file are there, on disk beside it: what a transfer that was interrupted goes on from. Several
 * lanes, also on several threads, append to one journal. Called on I/O threads.
 *
 * A record says what was written, not that the disk has it: whoever resumes reads each block again and believes its digest
 * alone. A mark says that what was told before a sync of the part began is on the disk.
 *
 *   head     u32 length of what follows the checksum, u32 CRC-32 of it; u8 version, u64 size, u8 length and each of owner, source, tag
 *   record   u32 index (0xffffffff: a mark, 0xfffffffe: a boot), 32 bytes BLAKE3 (of a mark: zeros), u32 CRC-32 of these; 40 bytes
 *
 * A boot names the running system by BLAKE3 of its boot id. What was told since, no power cut came between: those who join
 * may believe it without reading it again.
 */

import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { blockDigest, digestBytes, sameDigest } from '../content/digest.ts';
import type { Name } from '../path.ts';
import { pathAt } from './at.ts';
import { errnoOf } from './errno.ts';
import { syncBeside } from './sync-beside.ts';

const version = 1;
const markIndex = 0xffffffff;
const bootIndex = 0xfffffffe;
const recordBytes = 4 + digestBytes + 4;

/** Whose transfer of what: a partial file is gone on with only by its owner and only for the same source. */
export type JournalHead = {
  /** Bytes of the whole file. */
  readonly size: number;
  /** The account, at most 255 bytes as a byte string; '' on a machine of one's own. */
  readonly owner: string;
  /** The version of the source, as the sender names it; at most 255 bytes as a byte string. */
  readonly source: string;
  /** What it belongs to, for whoever gives that up; at most 255 bytes as a byte string. Default ''. */
  readonly tag?: string;
};

export type JournalContent = {
  readonly head: JournalHead;
  /** The last digest told of each block. */
  readonly digests: ReadonlyMap<number, Uint8Array>;
  /** Those told since this system was started. */
  readonly trusted: ReadonlyMap<number, Uint8Array>;
  /** Whether anything was told, or the transfer begun, since this system was started. */
  readonly isCurrent: boolean;
  /** Blocks of which different digests were told: only the disk knows which was written last. */
  readonly disputed: ReadonlySet<number>;
  /** Bytes up to the end of the last whole record. */
  readonly validBytes: number;
};

export class Journal {
  #fd: number | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws EEXIST and other raw system errors */
  static create(partFolderFd: number, name: Name, head: JournalHead): Journal {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    const fd = openSync(pathAt(partFolderFd, name), flags | constants.O_NOFOLLOW, 0o600);
    const journal = new Journal(fd);
    try {
      journal.#append(Buffer.concat([encodeHead(head), encodeRecord(bootIndex, bootDigest())]));
      return journal;
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  /** undefined when there is none, or none that can be read. @throws raw system errors other than ENOENT */
  static open(partFolderFd: number, name: Name): { journal: Journal; content: JournalContent } | undefined {
    let fd: number;
    try {
      const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;
      fd = openSync(pathAt(partFolderFd, name), flags);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const journal = new Journal(fd);
    try {
      const content = journal.read();
      if (content !== undefined) return { journal, content };
    } catch (error) {
      journal.close();
      throw error;
    }
    journal.close();
    return undefined;
  }

  /** What is in it now, from all who append; undefined when its head is damaged. */
  read(): JournalContent | undefined {
    return decode(readAll(this.#held));
  }

  /** Cuts off what a crash in the middle of a record left behind, so that what is appended can be read. */
  repair({ validBytes, isCurrent }: JournalContent): void {
    ftruncateSync(this.#held, validBytes);
    if (!isCurrent) this.#append(encodeRecord(bootIndex, bootDigest()));
  }

  /** A block was written. */
  add(index: number, digest: Uint8Array): void {
    this.#append(encodeRecord(index, digest));
  }

  /** All that was told before `sync` was begun is on the disk. Resolves when the journal that says so is there too. */
  async markAfter(sync: Promise<void>): Promise<void> {
    await sync;
    if (this.#fd === undefined) return;
    this.#append(encodeRecord(markIndex, Buffer.alloc(digestBytes)));
    await syncBeside(this.#fd);
  }

  /** It was removed: what it tells of was published, or given up. False once it is closed. */
  get isGone(): boolean {
    return this.#fd !== undefined && fstatSync(this.#fd).nlink === 0;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** One write each: with O_APPEND records of several lanes follow one another and never mix. */
  #append(bytes: Buffer): void {
    writeSync(this.#held, bytes);
  }

  get #held(): number {
    if (this.#fd === undefined) throw new Error('the journal is closed');
    return this.#fd;
  }
}

let ownBoot: Uint8Array | undefined;

function bootDigest(): Uint8Array {
  ownBoot ??= blockDigest(readFileSync('/proc/sys/kernel/random/boot_id'));
  return ownBoot;
}

function readAll(fd: number): Buffer {
  // By its path: readFileSync of a descriptor begins where the descriptor stands.
  return readFileSync(`/proc/self/fd/${fd}`);
}

function encodeHead({ size, owner, source, tag = '' }: JournalHead): Buffer {
  const words = [owner, source, tag].map((text) => Buffer.from(text, 'latin1'));
  const body = Buffer.concat([
    Buffer.alloc(9),
    ...words.flatMap((word) => [Buffer.from([word.length]), word]),
  ]);
  body.writeUInt8(version, 0);
  body.writeBigUInt64BE(BigInt(size), 1);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame, body]);
}

function encodeRecord(index: number, digest: Uint8Array): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeUInt32BE(index, 0);
  record.set(digest, 4);
  record.writeUInt32BE(crc32(record.subarray(0, recordBytes - 4)), recordBytes - 4);
  return record;
}

function decode(bytes: Buffer): JournalContent | undefined {
  const head = decodeHead(bytes);
  if (head === undefined) return undefined;
  const digests = new Map<number, Uint8Array>();
  const trusted = new Map<number, Uint8Array>();
  let isCurrent = false;
  const disputed = new Set<number>();
  let at = 8 + bytes.readUInt32BE(0);
  for (; at + recordBytes <= bytes.length; at += recordBytes) {
    const record = bytes.subarray(at, at + recordBytes);
    if (crc32(record.subarray(0, recordBytes - 4)) !== record.readUInt32BE(recordBytes - 4)) break;
    const index = record.readUInt32BE(0);
    if (index === markIndex) continue;
    const digest = record.subarray(4, 4 + digestBytes);
    if (index === bootIndex) {
      isCurrent = sameDigest(digest, bootDigest());
      trusted.clear();
      continue;
    }
    const before = digests.get(index);
    if (before !== undefined && !sameDigest(before, digest)) disputed.add(index);
    digests.set(index, digest);
    if (isCurrent) trusted.set(index, digest);
  }
  return { head, digests, trusted, isCurrent, disputed, validBytes: at };
}

function decodeHead(bytes: Buffer): JournalHead | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.subarray(8, 8 + bytes.readUInt32BE(0));
  if (body.length < 11 || body.length !== bytes.readUInt32BE(0)) return undefined;
  if (crc32(body) !== bytes.readUInt32BE(4) || body.readUInt8(0) !== version) return undefined;
  const words: string[] = [];
  for (let at = 9; at < body.length; ) {
    const end = at + 1 + body.readUInt8(at);
    words.push(body.toString('latin1', at + 1, end));
    at = end;
  }
  // Journals of older ferrys have no tag.
  const [owner = '', source = '', tag = ''] = words;
  return { size: Number(body.readBigUInt64BE(1)), owner, source, tag };
}
