/** Files for uploads: content by seed, its blocks and digests. */

import { randomBytes } from 'node:crypto';
import { epoch, limits } from '@ferry/protocol';
import { blockCount, blockDigest, rootDigest } from '@ferry/protocol/content';
import type { StagedFileSpec } from '@ferry/protocol/disk';
import { path } from './scratch.ts';

export type Content = {
  readonly bytes: Buffer;
  readonly blocks: readonly Buffer[];
  readonly digests: readonly Uint8Array[];
  readonly root: Uint8Array;
};

export function contentOf(bytes: Buffer): Content {
  const blocks = Array.from({ length: blockCount(bytes.length) }, (_, i) =>
    bytes.subarray(i * limits.blockBytes, (i + 1) * limits.blockBytes),
  );
  const digests = blocks.map(blockDigest);
  return { bytes, blocks, digests, root: rootDigest(bytes.length, digests) };
}

export function randomContent(size: number): Content {
  return contentOf(randomBytes(size));
}

export function specFor(target: string, size: number, more: Partial<StagedFileSpec> = {}): StagedFileSpec {
  return {
    transferId: randomBytes(16).toString('hex'),
    target: path(target),
    size,
    modified: epoch,
    mode: 0o644,
    existing: 'fail',
    ...more,
  };
}

type Writable = { write(index: number, bytes: Uint8Array, digest: Uint8Array): void | Promise<void> };

export async function writeAll(upload: Writable, content: Content): Promise<void> {
  for (const [i, block] of content.blocks.entries()) {
    await upload.write(i, block, content.digests[i] ?? Buffer.alloc(0));
  }
}

/** Sizes around which off-by-one errors live. */
export const boundarySizes: readonly number[] = [
  0,
  1,
  limits.blockBytes - 1,
  limits.blockBytes,
  limits.blockBytes + 1,
  3 * limits.blockBytes + 7,
];
