/** PNG files for tests: any pixels, each row filtered as one likes; and headers that lie. */

import { crc32, deflateSync } from 'node:zlib';

export type PngSpec = {
  readonly width: number;
  readonly height: number;
  /** Four bytes each. */
  readonly rgba: Uint8Array;
  /** Of each row, 0 … 4. */
  readonly filterOf?: (row: number) => number;
};

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A file of these rows, as they are: `kind` and `depth` as PNG numbers them. */
export function pngFile(
  {
    width,
    height,
    kind = 6,
    depth = 8,
    isInterlaced = false,
  }: {
    readonly width: number;
    readonly height: number;
    readonly kind?: number;
    readonly depth?: number;
    readonly isInterlaced?: boolean;
  },
  packed: Uint8Array,
  between: readonly (readonly [type: string, data: Uint8Array])[] = [],
): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([depth, kind, 0, 0, isInterlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    ...between.map(([type, data]) => chunk(type, data)),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function png({ width, height, rgba, filterOf = () => 0 }: PngSpec): Buffer {
  const stride = width * 4;
  const raw = Buffer.alloc(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    const filter = filterOf(row);
    raw[row * (stride + 1)] = filter;
    for (let i = 0; i < stride; i++) {
      const at = row * stride + i;
      const left = i < 4 ? 0 : (rgba[at - 4] ?? 0);
      const up = row === 0 ? 0 : (rgba[at - stride] ?? 0);
      const corner = i < 4 || row === 0 ? 0 : (rgba[at - stride - 4] ?? 0);
      const told = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      raw[row * (stride + 1) + 1 + i] = (rgba[at] ?? 0) - told;
    }
  }
  return pngFile({ width, height }, deflateSync(raw));
}

/** As the standard puts it. */
function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
