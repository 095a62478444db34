/**
 * Frames: bytes in, frames out, no I/O. Fed by a link, a test or a fuzzer; used on I/O threads.
 *
 *   0          4      5          9
 *   +----------+------+----------+------------------+
 *   | length   | kind | id       | body             |
 *   | u32      | u8   | u32      | length - 5 bytes |
 *   +----------+------+----------+------------------+
 *
 * All numbers are big endian. `length` counts everything behind itself.
 */

import { Code, FerryError } from '../errors.ts';

export const frameHeaderBytes = 9;

export type FrameDecoderOpts = {
  /** Largest body of this kind now, bytes; asked once per frame, before anything is allocated. */
  bodyLimit: (kind: number) => number;
  /**
   * A buffer that the body of a frame shall be gathered in, at `at`. Asked when a frame's header is complete; undefined
   * means: any. A body gathered in such a buffer belongs to the receiver of the frame.
   */
  allocate?: (kind: number, bodyBytes: number) => { buffer: Buffer; at: number } | undefined;
  /**
   * Asked when a frame's header is there, before its body: false means "not now", and `push` returns early. Push what it
   * left (also if that is nothing) when there may be another answer. Default: always.
   */
  mayBegin?: (kind: number) => boolean;
  /**
   * `body` is valid only during the call unless it is the receiver's own: gathered from several chunks, in a buffer from
   * `allocate` or in one that nobody else has.
   */
  onFrame: (kind: number, id: number, body: Buffer, isOwn: boolean) => void;
};

/**
 * Splits a stream of bytes into frames. How the stream is cut into chunks makes no difference.
 * After it has thrown it must not be used again.
 */
export class FrameDecoder {
  readonly #opts: FrameDecoderOpts;
  readonly #header = Buffer.alloc(frameHeaderBytes);
  #headerFilled = 0;
  /** A header has been read whose body has not begun. */
  #announced = false;
  /** The body being gathered, undefined between frames. */
  #body: Buffer | undefined;
  #bodyFilled = 0;
  #kind = 0;
  #id = 0;

  constructor(opts: FrameDecoderOpts) {
    this.#opts = opts;
  }

  /** True while a frame has begun and not ended: its sender owes the rest. */
  get inside(): boolean {
    return this.#headerFilled > 0 || this.#announced || this.#body !== undefined;
  }

  /**
   * @returns how many bytes it took: all, unless `mayBegin` said no
   * @throws {FerryError} FRAME_TOO_LARGE, MALFORMED, and whatever `onFrame` throws
   */
  push(chunk: Buffer): number {
    let at = 0;
    for (;;) {
      if (at === chunk.length && !this.#announced) return at;
      if (this.#body !== undefined) {
        at += this.#gather(this.#body, chunk, at);
        continue;
      }
      if (!this.#announced) {
        at = this.#readHeader(chunk, at);
        if (!this.#announced) return at;
      }
      if (this.#opts.mayBegin?.(this.#kind) === false) return at;
      this.#announced = false;
      at = this.#startBody(chunk, at);
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    if (this.#headerFilled === 0 && chunk.length - at >= frameHeaderBytes) {
      this.#begin(chunk, at);
      return at + frameHeaderBytes;
    }
    const count = chunk.copy(
      this.#header,
      this.#headerFilled,
      at,
      at + frameHeaderBytes - this.#headerFilled,
    );
    this.#headerFilled += count;
    if (this.#headerFilled === frameHeaderBytes) {
      this.#headerFilled = 0;
      this.#begin(this.#header, 0);
    }
    return at + count;
  }

  #bodyBytes = 0;

  #begin(bytes: Buffer, at: number): void {
    const length = bytes.readUInt32BE(at);
    this.#kind = bytes.readUInt8(at + 4);
    this.#id = bytes.readUInt32BE(at + 5);
    if (length < frameHeaderBytes - 4)
      throw new FerryError(Code.MALFORMED, 'a frame is shorter than its header');
    this.#bodyBytes = length - (frameHeaderBytes - 4);
    const limit = this.#opts.bodyLimit(this.#kind);
    if (this.#bodyBytes > limit) {
      throw new FerryError(
        Code.FRAME_TOO_LARGE,
        `a frame of ${this.#bodyBytes} bytes is over the limit of ${limit}`,
      );
    }
    this.#announced = true;
  }

  /** Takes the body straight from the chunk when it is whole there; begins to gather it otherwise. */
  #startBody(chunk: Buffer, at: number): number {
    const place = this.#opts.allocate?.(this.#kind, this.#bodyBytes);
    if (place === undefined && chunk.length - at >= this.#bodyBytes) {
      const end = at + this.#bodyBytes;
      this.#opts.onFrame(this.#kind, this.#id, chunk.subarray(at, end), false);
      return end;
    }
    const { buffer, at: start } = place ?? { buffer: Buffer.alloc(this.#bodyBytes), at: 0 };
    this.#body = buffer.subarray(start, start + this.#bodyBytes);
    this.#bodyFilled = 0;
    return at + this.#gather(this.#body, chunk, at);
  }

  #gather(body: Buffer, chunk: Buffer, at: number): number {
    const count = chunk.copy(
      body,
      this.#bodyFilled,
      at,
      Math.min(chunk.length, at + body.length - this.#bodyFilled),
    );
    this.#bodyFilled += count;
    if (this.#bodyFilled === body.length) {
      this.#body = undefined;
      this.#opts.onFrame(this.#kind, this.#id, body, true);
    }
    return count;
  }
}

/** Writes a frame's header in front of a body of `bodyBytes`. */
export function writeFrameHeader(
  target: Buffer,
  at: number,
  kind: number,
  id: number,
  bodyBytes: number,
): void {
  target.writeUInt32BE(bodyBytes + frameHeaderBytes - 4, at);
  target.writeUInt8(kind, at + 4);
  target.writeUInt32BE(id, at + 5);
}

/** A whole frame in one new buffer; for control frames, whose bodies are small. */
export function encodeFrame(kind: number, id: number, body: Uint8Array): Buffer {
  const frame = Buffer.alloc(frameHeaderBytes + body.byteLength);
  writeFrameHeader(frame, 0, kind, id, body.byteLength);
  frame.set(body, frameHeaderBytes);
  return frame;
}
