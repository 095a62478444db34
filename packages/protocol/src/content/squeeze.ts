/**
 * zstd for single blocks, where it pays: decided by trying, and given up for a while when a block does not shrink. Called by
 * session/frame-link.ts on I/O threads; synchronous, as a block takes a few milliseconds at most.
 */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Code, FerryError } from '../errors.ts';

/** The flag in a block's header: its content travels as one zstd frame, RFC 8878. */
export const squeezedFlag = 1;
/** The other flag: it is nothing but zeros, and nothing follows the header. */
export const zeroFlag = 2;

const params = { [constants.ZSTD_c_compressionLevel]: 1 };
/** A block must lose this share of its bytes to be worth the work on both ends. */
const worthwhile = 0.9;

/** The content as a zstd frame; undefined when that is not worth it. */
export function squeeze(content: Uint8Array): Buffer | undefined {
  const packed = zstdCompressSync(content, { params });
  return packed.length <= content.length * worthwhile ? packed : undefined;
}

/** @throws {FerryError} MALFORMED when it is no zstd frame of exactly so many bytes; never more than these are made */
export function unsqueeze(packed: Uint8Array, lengthBytes: number): Buffer {
  let content: Buffer;
  try {
    content = zstdDecompressSync(packed, { maxOutputLength: lengthBytes });
  } catch (cause) {
    throw new FerryError(Code.MALFORMED, 'a compressed block cannot be read', { cause });
  }
  if (content.length !== lengthBytes)
    throw new FerryError(Code.MALFORMED, 'a compressed block has another length');
  return content;
}

/** A line that takes a block of a MiB in less than this is faster than compressing it, milliseconds. */
const fastMs = 6;
const firstRest = 16;
const longestRest = 256;

/** Whether the next block of a lane should be tried. Pure; time is a parameter. */
export class SqueezePolicy {
  #blockMs = 0;
  #rest = 0;
  #nextRest = firstRest;

  /** A block of a MiB was handed to the line and taken by it after so long. */
  took(ms: number): void {
    this.#blockMs = this.#blockMs === 0 ? ms : this.#blockMs * 0.75 + ms * 0.25;
  }

  /** Asked once for each block. */
  wants(): boolean {
    if (this.#blockMs < fastMs) return false;
    if (this.#rest === 0) return true;
    this.#rest -= 1;
    return false;
  }

  /** What came of trying. */
  tried(shrank: boolean): void {
    this.#rest = shrank ? 0 : this.#nextRest;
    this.#nextRest = shrank ? firstRest : Math.min(longestRest, this.#nextRest * 2);
  }
}
