/**
 * Which transfers gave which files their names, so that one who did not hear the answer gets the same one again. A file beside
 * the partial ones, appended to by every thread, looked into only by who asks a second time. Called on I/O threads.
 *
 * It is written right before a file gets its name, whatever happens then: that it has it now is for the reader to see. It is
 * not synced: a power cut may take the last records back. Who asks then hears EXISTS, as somebody else would.
 *
 *   record   16 bytes transfer id, 16 bytes BLAKE3 of owner and stamp of the file, u64 ms since 1970, u32 CRC-32; 44 bytes
 */

import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { blake3 } from '@napi-rs/blake-hash';
import type { Name } from '../path.ts';
import { pathAt } from './at.ts';
import { errnoOf, unlessErrno } from './errno.ts';

const current = 'commits' as Name;
const older = 'commits.old' as Name;
const recordBytes = 44;
/** Two files of this size are kept, 95,000 transfers each. */
const mostBytes = 4 * 1024 * 1024;

export type CommitRecord = {
  /** 32 hex digits. */
  readonly transferId: string;
  readonly owner: string;
  /** Of the file, as stampOf gives it. */
  readonly stamp: string;
};

/** Tells of files that get their names now. `stagingFd`: the folder that the log is in. @throws raw system errors */
export function logCommits(stagingFd: number, records: readonly CommitRecord[], nowMs: number): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(pathAt(stagingFd, current), flags, 0o600);
  try {
    writeSync(fd, Buffer.concat(records.map((record) => encode(record, nowMs))));
    if (fstatSync(fd).size < mostBytes) return;
    unlessErrno(['ENOENT'], () => renameSync(pathAt(stagingFd, current), pathAt(stagingFd, older)));
  } finally {
    closeSync(fd);
  }
}

/** Whether exactly this was told before. @throws raw system errors */
export function wasCommitted(stagingFd: number, record: CommitRecord): boolean {
  const wanted = encode(record, 0).subarray(0, 32);
  for (const name of [current, older]) {
    const bytes = readLog(stagingFd, name);
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
      const found = bytes.subarray(at, at + recordBytes);
      if (found.length < recordBytes) continue;
      if (crc32(found.subarray(0, recordBytes - 4)) === found.readUInt32BE(recordBytes - 4)) return true;
    }
  }
  return false;
}

function readLog(stagingFd: number, name: Name): Buffer {
  try {
    return readFileSync(pathAt(stagingFd, name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function encode({ transferId, owner, stamp }: CommitRecord, nowMs: number): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.write(transferId, 0, 'hex');
  record.set(blake3(Buffer.from(`${owner}\0${stamp}`, 'latin1')).subarray(0, 16), 16);
  record.writeBigUInt64BE(BigInt(nowMs), 32);
  record.writeUInt32BE(crc32(record.subarray(0, recordBytes - 4)), recordBytes - 4);
  return record;
}
