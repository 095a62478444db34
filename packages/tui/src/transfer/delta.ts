/**
 * What two versions of a file have in common, one here and one on the server, so that only the rest travels. I/O thread.
 */

import type { Path } from '@ferry/protocol';
import { Code, FerryError, limits } from '@ferry/protocol';
import {
  blockCount,
  Chunker,
  ChunkList,
  digestBytes,
  type Piece,
  unpackChunks,
} from '@ferry/protocol/content';
import type { OpenFile } from '@ferry/protocol/disk';
import { manifest } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { takeTurns } from './take-turns.ts';

/** A version that is smaller is not worth the comparing. */
export const worthComparingBytes = 4 * limits.blockBytes;
/** The server may be reading a long way between two parts, milliseconds. */
const patientMs = 60_000;

/** A version on the server that has some of the bytes. */
export type Base = { readonly path: Path; readonly identity: string; readonly size: number };

export type Manifest = {
  /** Of block i, at i. */
  readonly blocks: readonly Uint8Array[];
  readonly chunks: ChunkList;
};

/** @throws {FerryError} SOURCE_CHANGED, NOT_FOUND, the line's; MALFORMED for a manifest that is none of such a file */
export async function fetchManifest(
  channel: ClientChannel,
  path: Path,
  { identity, size }: Pick<Base, 'identity' | 'size'>,
  signal: AbortSignal,
): Promise<Manifest> {
  const blocks: Uint8Array[] = [];
  const chunks = new ChunkList();
  await channel.call(
    manifest,
    { path, identity },
    {
      signal,
      timeoutMs: patientMs,
      onPart: (part) => {
        unpackChunks(Buffer.from(part.chunks), part.chunkBytes, chunks);
        for (let at = 0; at < part.blocks.length; at += digestBytes)
          blocks.push(part.blocks.subarray(at, at + digestBytes));
        if (chunks.sizeBytes > size || blocks.length > blockCount(size)) throw malformed();
      },
    },
  );
  if (chunks.sizeBytes !== size || blocks.length !== blockCount(size)) throw malformed();
  return { blocks, chunks };
}

/** Cuts a local file, with turns of the event loop in between. @throws {FerryError} SOURCE_CHANGED, IO_ERROR, CANCELLED */
export async function chunkFile(file: OpenFile, signal: AbortSignal): Promise<ChunkList> {
  const list = new ChunkList();
  const chunker = new Chunker((length, digest) => list.push(length, digest));
  const buffer = Buffer.allocUnsafe(limits.blockBytes);
  const indexes = Array.from({ length: blockCount(file.facts.size) }, (_, i) => i);
  await takeTurns(indexes, signal, (index) => {
    chunker.push(buffer.subarray(0, file.read(index, buffer)));
  });
  chunker.end();
  return list;
}

/** True when the old version has all of it. */
export function isAllCopied(pieces: readonly Piece[]): boolean {
  return pieces.every(({ kind }) => kind === 'copy');
}

/** Bytes that the old version lacks. */
export function lackedBytes(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.kind === 'bytes' ? piece.length : 0), 0);
}

function malformed(): FerryError {
  return new FerryError(Code.MALFORMED, 'the server described the file wrongly');
}
