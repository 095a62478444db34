/**
 * What a row of a listing is, on both sides and on the wire. Pure; used on every thread.
 */

import { Code, FerryError } from './errors.ts';
import { type Name, nameFromBytes } from './path.ts';

export const EntryKind = { file: 0, folder: 1, symlink: 2, other: 3 } as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** A point in time: whole seconds since 1970 (may be negative) and nanoseconds within the second. */
export type Time = { readonly s: number; readonly ns: number };

export type Entry = {
  readonly name: Name;
  readonly kind: EntryKind;
  /** Bytes; 0 for everything but files. */
  readonly size: number;
  readonly modified: Time;
  /** Permission bits, 0…0o7777. */
  readonly mode: number;
};

/** What `stat` knows beyond the row: whether a file is still the one that was looked at. */
export type Facts = Entry & {
  /** Opaque; equal as long as the file was neither replaced nor written to. 1…32 bytes as a byte string. */
  readonly identity: string;
  /** A file that takes up less than its size: it has holes, or its file system packs it. Default false. */
  readonly sparse?: boolean;
};

export type EntryTuple = readonly [
  name: Uint8Array,
  kind: number,
  size: number,
  modifiedS: number,
  modifiedNs: number,
  mode: number,
];

export const epoch: Time = { s: 0, ns: 0 };

export function timeToMs(time: Time): number {
  return time.s * 1000 + Math.floor(time.ns / 1e6);
}

export function timeFromNs(ns: bigint): Time {
  const s = ns >= 0n ? ns / 1_000_000_000n : -((999_999_999n - ns) / 1_000_000_000n);
  return { s: Number(s), ns: Number(ns - s * 1_000_000_000n) };
}

export function timeToNs(time: Time): bigint {
  return BigInt(time.s) * 1_000_000_000n + BigInt(time.ns);
}

export function compareTime(a: Time, b: Time): number {
  return a.s - b.s || a.ns - b.ns;
}

/** A time from the wire. Years 1900…9999: what every file system we know can hold or clamps itself. */
export function checkTime(s: unknown, ns: unknown): Time {
  if (!isInteger(s, -2_208_988_800, 253_402_300_799) || !isInteger(ns, 0, 999_999_999)) {
    throw new FerryError(Code.MALFORMED, 'a time is out of range');
  }
  return { s, ns };
}

export function isInteger(value: unknown, low: number, high: number): value is number {
  return (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= low &&
    value <= high &&
    !Object.is(value, -0)
  );
}

function isEntryKind(value: unknown): value is EntryKind {
  return isInteger(value, 0, 3);
}

export function encodeEntry(entry: Entry): EntryTuple {
  return [
    Buffer.from(entry.name, 'latin1'),
    entry.kind,
    entry.size,
    entry.modified.s,
    entry.modified.ns,
    entry.mode,
  ];
}

/** @throws {FerryError} MALFORMED; NAME_INVALID when the other side sent a name that is none (CLNT-01) */
export function decodeEntry(value: unknown): Entry {
  if (!Array.isArray(value) || value.length < 6)
    throw new FerryError(Code.MALFORMED, 'an entry is not a tuple of six');
  const [name, kind, size, s, ns, mode] = value as unknown[];
  if (!(name instanceof Uint8Array) || !isEntryKind(kind)) {
    throw new FerryError(Code.MALFORMED, 'an entry has no name or no kind');
  }
  if (!isInteger(size, 0, Number.MAX_SAFE_INTEGER) || !isInteger(mode, 0, 0o7777)) {
    throw new FerryError(Code.MALFORMED, 'an entry has a size or mode out of range');
  }
  return { name: nameFromBytes(name), kind, size, modified: checkTime(s, ns), mode };
}
