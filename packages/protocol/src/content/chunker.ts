/**
 * Cuts a content into chunks whose ends depend on the bytes around them and not on where they stand, so that two versions
 * of a file share most chunks even when something was put in or taken out. Both ends must cut alike: the rule is part of
 * the protocol. Pure; called on I/O threads of both ends.
 *
 * The rule is FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking of level 2. After each byte of a chunk
 *
 *   hash = hash × 2 + gear[byte]   modulo 2³²
 *
 * and the chunk ends after byte n (counted from 1), whichever comes first:
 *
 *   chunkMinBytes ≤ n < chunkAverageBytes   and the upper 18 bits of the hash are zero
 *   chunkAverageBytes ≤ n                   and the upper 14 bits of the hash are zero
 *   n = chunkMaxBytes, or the content ends
 *
 * A byte is shifted out of the hash by the 32 after it, so nothing before chunkMinBytes − 32 has to be looked at. The paper
 * spreads its masks over a hash of 64 bits to widen that window; in 32 bits the uppermost have seen the most bytes already,
 * and spread masks measured no better.
 */

import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash';

/** Only the last chunk of a content is shorter. */
export const chunkMinBytes = 16 * 1024;
/** Where the second, easier condition starts; chunks of random bytes are 73 KiB on average. */
export const chunkAverageBytes = 64 * 1024;
/** No chunk is longer. */
export const chunkMaxBytes = 256 * 1024;
/** A chunk is known by so many bytes of its BLAKE3: enough to find it, while block digests verify what was built of it. */
export const chunkDigestBytes = 16;

/** A byte is shifted out of the hash by so many after it. */
const windowBytes = 32;
const hardMask = 0xff_ff_c0_00 | 0;
const easyMask = 0xff_fc_00_00 | 0;

/** gear[i] is the first four bytes, as a big-endian number, of BLAKE3 over the ASCII text `ferry gear` and the byte i. */
const gear = new Int32Array(256);
const gearSource = Buffer.from('ferry gear?');
for (let i = 0; i < 256; i++) {
  gearSource[gearSource.length - 1] = i;
  gear[i] = blake3(gearSource).readInt32BE(0);
}

export class Chunker {
  readonly #onChunk: (length: number, digest: Uint8Array) => void;
  readonly #hasher = new Blake3Hasher();
  /** Bytes of the running chunk, and the rolling hash after them. */
  #length = 0;
  #hash = 0;
  #ended = false;

  /** `onChunk` is called in order, within `push` and `end`; the digest is the callee's to keep. */
  constructor(onChunk: (length: number, digest: Uint8Array) => void) {
    this.#onChunk = onChunk;
  }

  /** The next bytes, however many or few; they are not kept. Takes up to a millisecond for each MiB. */
  push(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const to = this.#advance(bytes, from);
      this.#hasher.update(bytes.subarray(from, to));
      this.#length += to - from;
      from = to;
      if (this.#ended) this.#cut();
    }
  }

  /** No more bytes: what is left is the last chunk. A content of no bytes has no chunks. */
  end(): void {
    if (this.#length > 0) this.#cut();
  }

  /** Where in `bytes` the running chunk ends, or they do; whether it does is in `#ended`. */
  #advance(bytes: Uint8Array, from: number): number {
    const chunkAt = from - this.#length;
    let at = Math.max(from, Math.min(chunkAt + chunkMinBytes - windowBytes, bytes.length));
    let hash = this.#hash;
    for (const stop = Math.min(chunkAt + chunkMinBytes - 1, bytes.length); at < stop; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    }
    this.#hash = hash;
    this.#ended = false;
    at = this.#find(bytes, at, chunkAt + chunkAverageBytes - 1, hardMask);
    if (!this.#ended) at = this.#find(bytes, at, chunkAt + chunkMaxBytes, easyMask);
    if (at === chunkAt + chunkMaxBytes) this.#ended = true;
    return at;
  }

  /** The hot loop: looks for an end after each byte from `at` on, up to `until` or the last one. */
  #find(bytes: Uint8Array, at: number, until: number, mask: number): number {
    const stop = Math.min(until, bytes.length);
    let hash = this.#hash;
    while (at < stop) {
      hash = ((hash << 1) + (gear[bytes[at++] as number] as number)) | 0;
      if ((hash & mask) === 0) {
        this.#ended = true;
        break;
      }
    }
    this.#hash = hash;
    return at;
  }

  #cut(): void {
    const length = this.#length;
    const digest = this.#hasher.digestBuffer().subarray(0, chunkDigestBytes);
    this.#hasher.reset();
    this.#length = 0;
    this.#hash = 0;
    this.#onChunk(length, digest);
  }
}
