/**
 * Which process makes a partial file that no other can go on with: the file's name says it, so that what a dead one left
 * behind can be told from what a living one writes. Called on I/O threads.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { blockDigest } from '../content/digest.ts';
import { errnoOf } from './errno.ts';

/** As it stands in a name: the system that numbers the process, its number, when it began. */
export const makerShape: RegExp = /^([0-9a-f]{8})-(\d{1,10})-(\d{1,20})$/;

let own: string | undefined;

/** This process. */
export function ownMaker(): string {
  own ??= `${numberedBy()}-${process.pid}-${beganAt('self')}`;
  return own;
}

/** Whether that process is no more. False also when nobody here can know: of another machine, container or boot. */
export function isGone(maker: string): boolean {
  const [, system, pid = '', began] = makerShape.exec(maker) ?? [];
  if (maker === ownMaker() || system !== numberedBy()) return false;
  try {
    return beganAt(pid) !== began;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return true;
    throw error;
  }
}

/** Numbers of processes mean something in one namespace until the next start only. */
function numberedBy(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
  const digest = blockDigest(Buffer.from(`${boot}${readlinkSync('/proc/self/ns/pid')}`, 'latin1'));
  return Buffer.from(digest.subarray(0, 4)).toString('hex');
}

/** In ticks since the system was started. @throws raw system errors */
function beganAt(pid: string): string {
  // The name of the program, in brackets, may hold anything.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
