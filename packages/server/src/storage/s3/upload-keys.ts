/**
 * What is known of an upload that is not published yet: as names of small objects, so that one listing tells it to any server.
 * Pure; worker threads.
 *
 *   up/TAG/info                                   what is to become of it: see UploadInfo
 *   up/TAG/p.PART.FIRST.ETAG.DIGESTS              part PART is stored, and these are the digests of its blocks from FIRST on
 *   up/TAG/b.INDEX.DIGEST                         a block that is no part yet, as content
 *
 * TAG is of the transfer's id and its owner, so that nobody else's can be named. Which parts the store has, it says itself; a name
 * that speaks of another ETag than the store does counts for nothing.
 */

import { createHash } from 'node:crypto';
import { limits } from '@ferry/protocol';
import { blockCount, digestBytes } from '@ferry/protocol/content';

/** A part holds whole blocks, these at least: stores want 5 MiB in all but the last. */
const leastRun = 8;
/** Held in memory until the part is whole. */
const mostRun = limits.runBlocks;
const mostParts = 10_000;
/** What one name has room for. */
const digestsPerName = 12;

/** The largest file, in bytes. */
export const mostFileBytes = mostRun * mostParts * limits.blockBytes;

/** How many blocks each part of a file of this size has. */
export function runOf(size: number): number {
  const run = Math.max(leastRun, Math.ceil(blockCount(size) / mostParts));
  return 2 ** Math.ceil(Math.log2(run));
}

export function tagOf(transferId: string, owner: string): string {
  return createHash('sha256').update(`${transferId} ${owner}`, 'latin1').digest('hex').slice(0, 32);
}

/** The names that say which blocks a part holds. */
export function partNames(
  part: number,
  first: number,
  etag: string,
  digests: readonly Uint8Array[],
): string[] {
  const names: string[] = [];
  for (let at = 0; at < digests.length; at += digestsPerName) {
    const some = Buffer.concat(digests.slice(at, at + digestsPerName)).toString('base64url');
    names.push(`p.${part}.${first + at}.${Buffer.from(etag).toString('base64url')}.${some}`);
  }
  return names;
}

export function blockName(index: number, digest: Uint8Array): string {
  return `b.${index}.${Buffer.from(digest).toString('base64url')}`;
}

export type NamedPart = {
  readonly kind: 'part';
  readonly part: number;
  readonly first: number;
  readonly etag: string;
  readonly digests: readonly Uint8Array[];
};
export type NamedBlock = { readonly kind: 'block'; readonly index: number; readonly digest: Uint8Array };

/** What a name says; undefined: nothing. */
export function readName(name: string): NamedPart | NamedBlock | undefined {
  const part = /^p\.([0-9]{1,5})\.([0-9]{1,10})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(name);
  if (part !== null) {
    const digests = digestsIn(part[4] ?? '');
    const etag = Buffer.from(part[3] ?? '', 'base64url').toString();
    return { kind: 'part', part: Number(part[1]), first: Number(part[2]), etag, digests };
  }
  const block = /^b\.([0-9]{1,10})\.([A-Za-z0-9_-]{43})$/.exec(name);
  const [digest] = digestsIn(block?.[2] ?? '');
  return block === null || digest === undefined
    ? undefined
    : { kind: 'block', index: Number(block[1]), digest };
}

/** What is no whole digest is none. */
function digestsIn(text: string): Uint8Array[] {
  const bytes = Buffer.from(text, 'base64url');
  return Array.from({ length: Math.floor(bytes.length / digestBytes) }, (_, i) =>
    bytes.subarray(i * digestBytes, (i + 1) * digestBytes),
  );
}
