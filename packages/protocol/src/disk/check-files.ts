/** What `doctor` looks at on the disk: who may read and change files, and what a file system keeps. Main threads, on demand. */

import { closeSync, fsyncSync, lstatSync, openSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { bad, type Finding, ok, weak } from '../finding.ts';
import { errnoOf } from './errno.ts';

const forOthersToRead = 0o044;
const forOthersToWrite = 0o022;

/**
 * A file that nobody else may read or change, also not by replacing it. One that is not there yet is ok.
 * @param what for people: `the server's key`
 */
export function checkPrivateFile(check: string, what: string, file: string): readonly Finding[] {
  const stats = statOf(file);
  if (stats === undefined) return [ok(check, `${what} is not there yet: ${file}`)];
  const findings: Finding[] = [];
  if (stats === 'unreadable')
    findings.push(bad(check, `${what} cannot be looked at: ${file}`, 'give it back to this user: chown'));
  else if (!stats.isFile())
    findings.push(bad(check, `${what} is no file: ${file}`, 'remove what is there, or restore the file'));
  else if (!isOurs(stats))
    findings.push(bad(check, `${what} belongs to another user: ${file}`, `chown it to this user`));
  else if ((stats.mode & (forOthersToRead | forOthersToWrite)) !== 0)
    findings.push(bad(check, `others may read or change ${what}: ${file}`, `chmod 600 ${file}`));
  else findings.push(ok(check, `${what} is this user's alone: ${file}`));
  const folder = dirname(file);
  const around = statOf(folder);
  if (around !== undefined && around !== 'unreadable' && (around.mode & forOthersToWrite) !== 0)
    findings.push(
      bad(check, `others may replace ${what}: they can write in ${folder}`, `chmod 700 ${folder}`),
    );
  return findings;
}

/** The user's own folder: whoever can write there can replace everything below. */
export function checkHome(home: string): Finding {
  const stats = statOf(home);
  if (stats === undefined || stats === 'unreadable')
    return bad('home', `there is no ${home}`, 'set HOME to a folder of this user');
  if ((stats.mode & forOthersToWrite) !== 0)
    return bad('home', `others can write in ${home}`, `chmod go-w ${home}`);
  return ok('home', `nobody else can write in ${home}`);
}

/** By the number that statfs gives. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const overNetwork: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
]);

/** Whether what is written in a folder is there after a power cut. */
export function checkSync(folder: string): Finding {
  const check = 'disk';
  try {
    const { type } = statfsSync(folder);
    if (inMemory.has(type))
      return weak(check, `${folder} lies in memory and is gone with the power`, 'share a folder on a disk');
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const network = overNetwork.get(type);
    if (network !== undefined) {
      return weak(
        check,
        `${folder} lies on ${network}: how much is there after a power cut is up to the other end`,
        'share a folder on a local disk where that matters',
      );
    }
    return ok(check, `${folder} keeps what was synced`);
  } catch (error) {
    return weak(
      check,
      `folders cannot be synced in ${folder} (${errnoOf(error) ?? 'unknown'}): new files may be gone after a power cut`,
      'use another file system, such as ext4, XFS or btrfs',
    );
  }
}

/** Whether others on this machine can plant things in a folder; links in it are never followed, whoever made them. */
export function checkOthersIn(check: string, folder: string): Finding {
  const stats = statOf(folder);
  if (stats === undefined || stats === 'unreadable')
    return bad(check, `${folder} cannot be read`, 'share a folder that this user may read');
  if ((stats.mode & 0o002) !== 0)
    return weak(check, `everybody on this machine can write in ${folder}`, `chmod o-w ${folder}`);
  return ok(check, `${folder} is there`);
}

function statOf(file: string): Stats | 'unreadable' | undefined {
  try {
    const stats = lstatSync(file);
    return stats.isSymbolicLink() ? statSync(file) : stats;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : 'unreadable';
  }
}

function isOurs(stats: Stats): boolean {
  return process.getuid === undefined || stats.uid === process.getuid();
}
