/**
 * The chunks of a content in order, held as the wire has them: a row of 19 bytes for each. Pure; filled by a Chunker or from
 * a peer's runs, read by `planDelta`, on I/O threads of both ends.
 *
 *   0          3                 19
 *   +----------+-----------------+
 *   | length   | first 16 bytes  |
 *   | u24      | of its BLAKE3   |
 *   +----------+-----------------+
 *
 * A list of objects would take ten times the memory: a terabyte has some fifteen million chunks.
 */

import { Code, FerryError } from '../errors.ts';
import { chunkDigestBytes, chunkMaxBytes, chunkMinBytes } from './chunker.ts';

const lengthBytes = 3;
/** Where the digest stands in a row. */
export const chunkDigestAt = lengthBytes;
export const chunkRowBytes = lengthBytes + chunkDigestBytes;

/** Takes at most 1.2 MiB for each GiB of content, whoever fills it: a chunk below chunkMinBytes ends the list. */
export class ChunkList {
  #rows: Buffer = Buffer.alloc(64 * chunkRowBytes);
  #count = 0;
  #sizeBytes = 0;
  #closed = false;

  get count(): number {
    return this.#count;
  }

  /** Bytes of content that the chunks make up together. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** No chunk may follow: the last one is shorter than any but the last. */
  get closed(): boolean {
    return this.#closed;
  }

  /** All rows, not a copy: valid until the next `push`. */
  get rows(): Buffer {
    return this.#rows.subarray(0, this.#count * chunkRowBytes);
  }

  /** Bytes of chunk `index`, which must be below `count`. */
  lengthAt(index: number): number {
    return this.#rows.readUIntBE(index * chunkRowBytes, lengthBytes);
  }

  /** Copies the digest. @throws {RangeError} for what no Chunker makes */
  push(length: number, digest: Uint8Array): void {
    if (this.#closed || length < 1 || length > chunkMaxBytes || digest.length !== chunkDigestBytes) {
      throw new RangeError('this is no chunk that can follow');
    }
    const at = this.#count * chunkRowBytes;
    if (at === this.#rows.length) this.#rows = Buffer.concat([this.#rows], 2 * at);
    this.#rows.writeUIntBE(length, at, lengthBytes);
    this.#rows.set(digest, at + lengthBytes);
    this.#count += 1;
    this.#sizeBytes += length;
    this.#closed = length < chunkMinBytes;
  }
}

/** Chunks `from` up to, without, `to` for the wire; a copy. */
export function packChunks(list: ChunkList, from: number, to: number): Buffer {
  return Buffer.from(list.rows.subarray(from * chunkRowBytes, to * chunkRowBytes));
}

/**
 * Appends a run from a peer to the chunks known before it. A run that is refused leaves the list as it was.
 * @param sumBytes content that the peer says the run covers
 * @throws {FerryError} MALFORMED when the bytes are no rows, a length is none a chunk can have there, or the sum differs
 */
export function unpackChunks(run: Buffer, sumBytes: number, list: ChunkList): void {
  if (run.length % chunkRowBytes !== 0) throw malformed('a list of chunks has the wrong length');
  let sum = 0;
  let closed = list.closed;
  for (let at = 0; at < run.length; at += chunkRowBytes) {
    const length = run.readUIntBE(at, lengthBytes);
    if (length === 0 || length > chunkMaxBytes) throw malformed('a chunk has an impossible length');
    if (closed) throw malformed('a chunk follows the last one');
    closed = length < chunkMinBytes;
    sum += length;
  }
  if (sum !== sumBytes) throw malformed('a list of chunks does not make up its content');
  for (let at = 0; at < run.length; at += chunkRowBytes) {
    list.push(run.readUIntBE(at, lengthBytes), run.subarray(at + lengthBytes, at + chunkRowBytes));
  }
}

function malformed(message: string): FerryError {
  return new FerryError(Code.MALFORMED, message);
}
