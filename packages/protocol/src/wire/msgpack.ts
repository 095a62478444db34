/**
 * The msgpack that we speak: nil, booleans, integers, float64, str (valid UTF-8), bin and arrays. Nothing else gets as far
 * as the decoder: no maps (our messages are tuples), no extensions, no float32, within depth and item bounds, exact length.
 * msgpackr decodes extensions, cycles and huge BigInts even when told not to, so `scan` looks first. Pure; I/O threads.
 */

import { isUtf8 } from 'node:buffer';
import { Packr, RESERVE_START_SPACE } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';

// 'auto' (numbers where they are exact) is missing from msgpackr's types.
const options = { useRecords: false, int64AsType: 'auto' as 'number' };
const packr = new Packr(options);
const unpackr = new Unpackr(options);

/** What a message may be made of. `undefined` is not part of it. */
export type Packable = null | boolean | number | string | Uint8Array | readonly Packable[];

/** The bytes are a new buffer's; they may be kept. */
export function pack(value: Packable): Buffer {
  return packr.pack(value);
}

/** As {@link pack}, behind so many bytes (at most 255), which may be anything. */
export function packBehind(bytes: number, value: Packable): Buffer {
  return packr.pack(value, RESERVE_START_SPACE | bytes);
}

/**
 * Checks, then decodes. Every `bin` in the result is a view of `bytes`.
 * @throws {FerryError} MALFORMED
 */
export function unpack(bytes: Buffer): unknown {
  const fault = scan(bytes);
  if (fault !== undefined) throw new FerryError(Code.MALFORMED, `a message is not valid: ${fault}`);
  try {
    return unpackr.unpack(bytes);
  } catch (cause) {
    throw new FerryError(Code.MALFORMED, 'a message is not valid msgpack', { cause });
  }
}

/** Items still expected at each depth; reused, because scanning never re-enters. */
const open = new Float64Array(limits.msgpackDepth + 1);

/**
 * Why `bytes` are not exactly one value of our msgpack, or undefined when they are. Allocates nothing, reads each byte at
 * most once, and compares every announced count and length with the bytes that are there before believing it.
 */
export function scan(bytes: Buffer): string | undefined {
  const end = bytes.length;
  let at = 0;
  let items = 0;
  let depth = 0;
  open[0] = 1;
  for (;;) {
    while (depth >= 0 && open[depth] === 0) depth -= 1;
    if (depth < 0) return at === end ? undefined : 'bytes behind its end';
    open[depth]! -= 1;
    if (at >= end) return 'it ends too early';
    items += 1;
    if (items > limits.msgpackItems) return 'too many items';
    const tag = bytes[at]!;
    at += 1;
    let count = -1;
    let skip = 0;
    let isText = false;
    if (tag < 0x80 || tag >= 0xe0) continue;
    if (tag < 0x90) return 'a map';
    if (tag < 0xa0) count = tag & 0x0f;
    else if (tag < 0xc0) {
      skip = tag & 0x1f;
      isText = true;
    } else {
      switch (tag) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          continue;
        case 0xcc:
        case 0xd0:
          skip = 1;
          break;
        case 0xcd:
        case 0xd1:
          skip = 2;
          break;
        case 0xce:
        case 0xd2:
          skip = 4;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          skip = 8;
          break;
        case 0xc4:
        case 0xd9:
          if (at + 1 > end) return 'it ends too early';
          skip = bytes[at]!;
          at += 1;
          isText = tag === 0xd9;
          break;
        case 0xc5:
        case 0xda:
          if (at + 2 > end) return 'it ends too early';
          skip = bytes.readUInt16BE(at);
          at += 2;
          isText = tag === 0xda;
          break;
        case 0xdc:
          if (at + 2 > end) return 'it ends too early';
          count = bytes.readUInt16BE(at);
          at += 2;
          break;
        default:
          return `type 0x${tag.toString(16)}`;
      }
    }
    if (count >= 0) {
      if (count > end - at) return 'it ends too early';
      if (count > 0) {
        depth += 1;
        if (depth > limits.msgpackDepth) return 'nested too deeply';
        open[depth] = count;
      }
      continue;
    }
    if (skip > end - at) return 'it ends too early';
    if (isText && !isUtf8(bytes.subarray(at, at + skip))) return 'text that is not UTF-8';
    at += skip;
  }
}
