/** One entry of an archive, and the text that a listing of them makes. Pure; UI thread. */

import { showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';

export type ArchiveEntry = {
  /** As it stands in the archive, a byte string; folders end in `/`. */
  readonly name: string;
  readonly size: number;
  /** `2026-10-09 08:53`, as the archive has it; '' where it has none. */
  readonly modified: string;
  /** Permission bits; undefined where it has none. */
  readonly mode: number | undefined;
  /** Of a link, a byte string. */
  readonly target?: string | undefined;
};

export type ArchiveListing = {
  readonly entries: readonly ArchiveEntry[];
  /** Why these are not all of them; undefined: they are. */
  readonly rest: 'many' | 'far' | 'damaged' | undefined;
};

const restWords = {
  many: 'There are more; only so many are listed.',
  far: 'There may be more; it is not read any further.',
  damaged: 'Here the archive is damaged, or ends too early.',
} as const;

function bits(mode: number | undefined): string {
  if (mode === undefined) return ' '.repeat(9);
  return [...'rwxrwxrwx'].map((bit, i) => ((mode >> (8 - i)) & 1 ? bit : '-')).join('');
}

/** Bytes of a text to look at: a line each, which no name can break; sizes and names alone where there is little room. */
export function listingText({ entries, rest }: ArchiveListing, room: 'wide' | 'narrow' = 'wide'): Uint8Array {
  const sum = entries.reduce((total, { size }) => total + size, 0);
  const count = `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
  const lines = [`${count}, ${prettyBytes(sum)} unpacked`, ''];
  for (const { name, size, modified, mode, target } of entries) {
    const arrow = target === undefined ? '' : ` -> ${showName(target)}`;
    const length = name.endsWith('/') ? '' : prettyBytes(size);
    if (room === 'narrow') {
      lines.push(`${length.padStart(9)}  ${showName(name)}${arrow}`);
      continue;
    }
    lines.push(`${bits(mode)} ${length.padStart(10)}  ${modified.padEnd(16)}  ${showName(name)}${arrow}`);
  }
  if (rest !== undefined) lines.push('', restWords[rest]);
  return Buffer.from(`${lines.join('\n')}\n`);
}

/** Seconds since 1970 as a listing says them, in UTC; '' for what no calendar has. */
export function timeText(seconds: number): string {
  const ms = seconds * 1000;
  return Math.abs(ms) > 8.64e15 ? '' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
