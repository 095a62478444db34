/**
 * PNG to pixels. Not a library's work: those at hand unpack as much as the file's stream holds, and this one unpacks what width
 * and height allow for, and not a byte more. Pure; picture thread.
 */

import { constants, inflateSync } from 'node:zlib';
import { Code, FerryError } from '@ferry/protocol';
import type { Pixels } from '../../state/pixels.ts';

type Header = {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly isIndexed: boolean;
  readonly isInterlaced: boolean;
};

/** Which pixels a pass has: the first one, and the steps from one to the next. */
type Pass = { readonly x: number; readonly y: number; readonly dx: number; readonly dy: number };

const whole: readonly Pass[] = [{ x: 0, y: 0, dx: 1, dy: 1 }];
const adam7: readonly Pass[] = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

function damaged(): FerryError {
  return new FerryError(Code.INTEGRITY, 'the picture is damaged');
}

/** Of a file that ends too early, what is there. The caller has looked at its size. @throws {FerryError} INTEGRITY */
export function decodePng(bytes: Uint8Array): Pixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let palette = new Uint8Array();
  let alphas = new Uint8Array();
  const packed: Uint8Array[] = [];
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = headerOf(data);
    else if (type === 'PLTE') palette = data.slice();
    else if (type === 'tRNS') alphas = data.slice();
    else if (type === 'IDAT') packed.push(data);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (header === undefined) throw damaged();
  const passes = header.isInterlaced ? adam7 : whole;
  const shapes = passes.map((pass) => shapeOf(pass, header));
  const raw = inflated(
    packed,
    shapes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0),
  );
  const rgba = new Uint8Array(header.width * header.height * 4);
  let from = 0;
  for (const shape of shapes) {
    const { rows, rowBytes } = shape;
    unfilter(raw.subarray(from, from + rows * (1 + rowBytes)), shape);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(from + 1, from + 1 + rowBytes);
      // The file ended before this row.
      if (line.length === rowBytes) paintRow(line, row, shape, header, { palette, alphas }, rgba);
      from += 1 + rowBytes;
    }
  }
  return { width: header.width, height: header.height, rgba };
}

function headerOf(data: Uint8Array): Header {
  if (data.length < 13) throw damaged();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth = 0, kind = 0, , , interlace = 0] = data.subarray(8);
  const channels = channelsOf[kind];
  if (channels === undefined || depthsOf[kind]?.includes(depth) !== true) throw damaged();
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (width === 0 || height === 0) throw damaged();
  return { width, height, depth, channels, isIndexed: kind === 3, isInterlaced: interlace === 1 };
}

type Shape = Pass & {
  readonly columns: number;
  readonly rows: number;
  readonly rowBytes: number;
  readonly pixelBytes: number;
};

function shapeOf(pass: Pass, { width, height, depth, channels }: Header): Shape {
  const columns = Math.max(0, Math.ceil((width - pass.x) / pass.dx));
  const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - pass.y) / pass.dy));
  const bits = depth * channels;
  return {
    ...pass,
    columns,
    rows,
    rowBytes: Math.ceil((columns * bits) / 8),
    pixelBytes: Math.ceil(bits / 8),
  };
}

function inflated(packed: readonly Uint8Array[], maxOutputLength: number): Uint8Array {
  try {
    // A file that is cut off gives what is there.
    return inflateSync(Buffer.concat(packed), { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw new FerryError(Code.INTEGRITY, 'the picture is damaged', { cause });
  }
}

/** Each row was told as differences to what is left of it and above it; here they become values, in place. */
function unfilter(raw: Uint8Array, { rows, rowBytes, pixelBytes }: Shape): void {
  for (let row = 0; row < rows; row++) {
    const start = row * (1 + rowBytes) + 1;
    const end = Math.min(start + rowBytes, raw.length);
    const filter = raw[start - 1];
    for (let at = start; at < end; at++) {
      const left = at - pixelBytes < start ? 0 : (raw[at - pixelBytes] ?? 0);
      const up = row === 0 ? 0 : (raw[at - rowBytes - 1] ?? 0);
      let add = 0;
      if (filter === 1) add = left;
      else if (filter === 2) add = up;
      else if (filter === 3) add = (left + up) >> 1;
      else if (filter === 4) {
        const corner = row === 0 || at - pixelBytes < start ? 0 : (raw[at - rowBytes - 1 - pixelBytes] ?? 0);
        add = paeth(left, up, corner);
      } else if (filter === 0) break;
      else if (filter !== undefined) throw damaged();
      raw[at] = (raw[at] ?? 0) + add;
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

type Colours = { readonly palette: Uint8Array; readonly alphas: Uint8Array };

function paintRow(
  line: Uint8Array,
  row: number,
  { x, y, dx, dy, columns }: Shape,
  { width, depth, channels, isIndexed }: Header,
  { palette, alphas }: Colours,
  rgba: Uint8Array,
): void {
  const most = 2 ** depth - 1;
  /** As it is stored. */
  const sample = (index: number): number => {
    if (depth === 8) return line[index] ?? 0;
    if (depth === 16) return ((line[index * 2] ?? 0) << 8) | (line[index * 2 + 1] ?? 0);
    const bit = index * depth;
    return ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & most;
  };
  const byte = (value: number): number => (depth === 8 ? value : Math.round((value * 255) / most));
  /** The one colour that is seen through, where there is no channel for that. */
  const clear =
    !isIndexed && alphas.length >= channels * 2
      ? Array.from({ length: channels }, (_, i) => ((alphas[i * 2] ?? 0) << 8) | (alphas[i * 2 + 1] ?? 0))
      : undefined;
  for (let column = 0; column < columns; column++) {
    const to = ((y + row * dy) * width + x + column * dx) * 4;
    const from = column * channels;
    const first = sample(from);
    if (isIndexed) {
      rgba[to] = palette[first * 3] ?? 0;
      rgba[to + 1] = palette[first * 3 + 1] ?? 0;
      rgba[to + 2] = palette[first * 3 + 2] ?? 0;
      rgba[to + 3] = alphas[first] ?? 255;
      continue;
    }
    const isGrey = channels < 3;
    const isClear = clear?.every((value, i) => sample(from + i) === value) === true;
    rgba[to] = byte(first);
    rgba[to + 1] = isGrey ? byte(first) : byte(sample(from + 1));
    rgba[to + 2] = isGrey ? byte(first) : byte(sample(from + 2));
    rgba[to + 3] = isClear ? 0 : channels % 2 === 0 ? byte(sample(from + channels - 1)) : 255;
  }
}
