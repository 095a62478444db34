/**
 * manifest: what a file consists of: the digests of its blocks, in order, and its content-defined chunks. Who has another
 * version sees from it what is the same. Parts as the server reads the file; SOURCE_CHANGED when it is not the version asked for.
 */

import { chunkRowBytes } from '../content/chunk-list.ts';
import { digestBytes } from '../content/digest.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, type Nothing, path, tuple } from '../wire/shape.ts';
import { identity } from './facts.ts';

/** Most of what one part may carry. */
export const manifestBlocks = 256;
export const manifestChunks = 2000;

export type ManifestPart = {
  /** 32 bytes of each of the next blocks. */
  readonly blocks: Uint8Array;
  /** Rows of the next chunks (content/chunk-list.ts). */
  readonly chunks: Uint8Array;
  /** Bytes that these chunks make up. */
  readonly chunkBytes: number;
};

export const manifest = operation<{ path: Path; identity: string }, Nothing, ManifestPart>({
  kind: Kind.manifest,
  request: tuple({ path, identity }),
  part: tuple<ManifestPart>({
    blocks: bytes(0, manifestBlocks * digestBytes),
    chunks: bytes(0, manifestChunks * chunkRowBytes),
    chunkBytes: integer(),
  }),
});
