/** What a write under trace means to ferry: which block of a file, which record of a journal. Pure. */

import { limits } from '@ferry/protocol';
import { type Call, unescaped } from './trace.ts';

const recordBytes = 40;

export type JournalRecord = { readonly kind: 'block'; readonly index: number } | { readonly kind: 'mark' };

/** undefined for a journal's head and for the name of a boot. */
export function journalRecord(call: Call): JournalRecord | undefined {
  if (call.result !== recordBytes) return undefined;
  const bytes = unescaped(/"((?:[^"\\]|\\.)*)"/.exec(call.args)?.[1] ?? '');
  const index = Buffer.from(bytes.slice(0, 4), 'latin1').readUInt32BE(0);
  if (index === 0xfffffffe) return undefined;
  return index === 0xffffffff ? { kind: 'mark' } : { kind: 'block', index };
}

/** The block that a write is the beginning of. */
export function blockIndexOf({ name, args }: Call): number | undefined {
  if (name !== 'pwrite64') return undefined;
  const offset = Number(/(\d+)$/.exec(args)?.[1]);
  return offset % limits.blockBytes === 0 ? offset / limits.blockBytes : undefined;
}
