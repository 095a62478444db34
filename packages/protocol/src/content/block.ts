/**
 * A file as blocks: which bytes a block holds, and the header that precedes it on the wire. Pure.
 *
 *   0          4          8          12     13        16                48
 *   +----------+----------+----------+------+---------+-----------------+---------------+
 *   | handle   | index    | length   | flags| zero    | BLAKE3 of       | content       |
 *   | u32      | u32      | u32      | u8   | 3 bytes | content, 32     | length bytes  |
 *   +----------+----------+----------+------+---------+-----------------+---------------+
 *
 * `handle` names the upload on its lane and is 0 in downloads. `flags` is 0, or 1 when the content travels as one zstd frame, or 2 when it is all zeros and does not travel;
 * `length` and digest are those of the content itself. Whoever reads a header here has had it unpacked (content/squeeze.ts).
 */

import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { digestBytes } from './digest.ts';

export const blockHeaderBytes = 48;
/** Where in the header the content's length and the flags are. */
export const blockLengthAt = 8;
export const blockFlagsAt = 12;

export type BlockHeader = {
  readonly handle: number;
  readonly index: number;
  /** Content bytes, 1…limits.blockBytes. */
  readonly length: number;
  readonly digest: Uint8Array;
};

/** Number of blocks of a file; 0 for an empty one. */
export function blockCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / limits.blockBytes);
}

/** Bytes that block `index` of a file holds; 0 beyond its end. */
export function blockLength(sizeBytes: number, index: number): number {
  return Math.max(0, Math.min(limits.blockBytes, sizeBytes - index * limits.blockBytes));
}

export function blockOffset(index: number): number {
  return index * limits.blockBytes;
}

export function writeBlockHeader(target: Buffer, at: number, header: BlockHeader): void {
  target.writeUInt32BE(header.handle, at);
  target.writeUInt32BE(header.index, at + 4);
  target.writeUInt32BE(header.length, at + 8);
  target.fill(0, at + 12, at + 16);
  target.set(header.digest, at + 16);
}

/**
 * The header at the start of a block frame's body. The digest is a copy.
 * @throws {FerryError} MALFORMED when header and body do not fit each other or a flag is unknown
 */
export function readBlockHeader(body: Buffer): BlockHeader {
  if (body.length <= blockHeaderBytes) throw new FerryError(Code.MALFORMED, 'a block frame is too short');
  const length = body.readUInt32BE(8);
  if (length !== body.length - blockHeaderBytes || length > limits.blockBytes) {
    throw new FerryError(Code.MALFORMED, 'a block frame has the wrong length');
  }
  if (body.readUInt32BE(12) !== 0) throw new FerryError(Code.MALFORMED, 'a block frame has unknown flags');
  return {
    handle: body.readUInt32BE(0),
    index: body.readUInt32BE(4),
    length,
    digest: Buffer.from(body.subarray(16, 16 + digestBytes)),
  };
}
