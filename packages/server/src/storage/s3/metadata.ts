/**
 * What is kept of a file or folder beside its content, as the metadata of its object. Pure; worker threads.
 *
 * `mtime` and `mode` are written as rclone writes them, so that what either of the two puts there has the right time for the other.
 * Objects of others have the time when they were stored, and usual permissions.
 */

import { createHash } from 'node:crypto';
import { EntryKind, epoch, type Facts, type Name, type Time, timeFromNs, timeToNs } from '@ferry/protocol';

export type Metadata = Readonly<Record<string, string>>;

/** An object as the store tells of it. */
export type Head = {
  readonly size: number;
  /** Names the content, without quotes; opaque. */
  readonly etag: string;
  /** When it was stored, in whole seconds: a listing knows more than a single look, and both are to say the same. */
  readonly storedS: number;
  readonly metadata: Metadata;
};

export type Kept = {
  readonly modified: Time;
  readonly mode: number;
  /** Tells this object from all others of its name, whatever its content: a transfer's, or random. */
  readonly version: string;
  /** The root digest, where it was known before the first byte went. */
  readonly root?: string;
  /** Holds a name for an upload that is about to be published there; nobody is shown it. */
  readonly isReserved?: boolean;
};

/** A name that was taken for an upload longer ago than this is free. */
const reservedS = 3600;

const fileType = 0o100_000;
const folderType = 0o040_000;

export function metadataOf({ modified, mode, version, root, isReserved }: Kept, isFolder = false): Metadata {
  return {
    mtime: secondsOf(modified),
    mode: `0${((isFolder ? folderType : fileType) | (mode & 0o777)).toString(8)}`,
    'ferry-version': version,
    ...(root === undefined ? {} : { 'ferry-root': root }),
    ...(isReserved === true ? { 'ferry-reserved': '1' } : {}),
  };
}

export function isReserved({ metadata }: Head): boolean {
  return metadata['ferry-reserved'] === '1';
}

/** Whoever held the name has died. */
export function isAbandoned(head: Head, nowMs: number): boolean {
  return isReserved(head) && nowMs / 1000 - head.storedS > reservedS;
}

export function versionOf({ metadata }: Head): string | undefined {
  return metadata['ferry-version'];
}

/** @param head undefined: a folder that has no object of its own */
export function factsOf(name: Name, kind: 'file' | 'folder', head: Head | undefined): Facts {
  const isFolder = kind === 'folder';
  const { metadata = {}, storedS, etag = '' } = head ?? {};
  const stored: Time = storedS === undefined ? epoch : { s: storedS, ns: 0 };
  const version = metadata['ferry-version'] ?? String(storedS);
  return {
    name,
    kind: isFolder ? EntryKind.folder : EntryKind.file,
    size: isFolder ? 0 : (head?.size ?? 0),
    modified: timeOf(metadata['mtime']) ?? stored,
    mode: modeOf(metadata['mode']) ?? (isFolder ? 0o755 : 0o644),
    // Of content and version: 22 letters, as an identity may have 32 bytes and an etag has more.
    identity: createHash('sha256').update(`${etag} ${version}`).digest('base64url').slice(0, 22),
    sparse: false,
  };
}

/** `1600000000.000000005`; before 1970 with a minus before all of it. */
function secondsOf(time: Time): string {
  const ns = timeToNs(time);
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, '0')}`;
}

/** Years 1900…9999, as on the wire. */
const earliest = -2_208_988_800n * 1_000_000_000n;
const latest = 253_402_300_799n * 1_000_000_000n;

function timeOf(text: string | undefined): Time | undefined {
  const [, sign, seconds = '', fraction = ''] =
    /^(-?)([0-9]{1,12})(?:\.([0-9]{1,9})[0-9]*)?$/.exec(text ?? '') ?? [];
  if (sign === undefined) return undefined;
  const size = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  const ns = sign === '-' ? -size : size;
  return ns < earliest || ns > latest ? undefined : timeFromNs(ns);
}

/** Octal with a 0 before it, as rclone has it; else decimal, as s3fs has it. */
function modeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,8}$/.test(text)) return undefined;
  const mode = Number.parseInt(text, text.startsWith('0') ? 8 : 10);
  return Number.isNaN(mode) ? undefined : mode & 0o777;
}
