/**
 * Whether a file is still the one that was looked at. The only place that makes an identity of a file on disk.
 */

import type { BigIntStats } from 'node:fs';
import { blake3 } from '@napi-rs/blake-hash';
import { byteString } from '../path.ts';

/**
 * 16 bytes as a byte string, made of device, inode, size, modification and change time. A writer can restore the first
 * four; the change time is set by the kernel alone. Writes within one tick of the kernel's clock (up to 4 ms) look alike.
 */
export function identityOf(stats: BigIntStats): string {
  return digestOf([stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs]);
}

/** As {@link identityOf} without the change time: a file keeps it when it gets another name. */
export function stampOf(stats: BigIntStats): string {
  return digestOf([stats.dev, stats.ino, stats.size, stats.mtimeNs]);
}

/** Whether both would have the same {@link identityOf}; costs a fraction of it. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ctimeNs === b.ctimeNs &&
    a.mtimeNs === b.mtimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}

function digestOf(numbers: readonly bigint[]): string {
  const facts = Buffer.allocUnsafe(numbers.length * 8);
  for (const [i, number] of numbers.entries()) facts.writeBigUInt64BE(BigInt.asUintN(64, number), i * 8);
  return byteString(blake3(facts).subarray(0, 16));
}
