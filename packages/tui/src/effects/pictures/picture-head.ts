/**
 * What the first bytes of a picture say: format, size, and which way up it is. Asked before anything is unpacked, so that a few
 * bytes cannot ask for gigabytes of memory. Pure; any thread.
 */

import type { PictureFormat } from '../../state/picture.ts';

export type PictureHead = {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** As Exif has it: 1 is upright, 3 on its head, 6 and 8 lie on a side, the others are mirrored. */
  readonly orientation: number;
};

const pngMark = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const upright = 1;

export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  if (pngMark.every((byte, i) => bytes[i] === byte)) return 'PNG';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'JPEG';
  const [g, i, f, eight, version, a] = bytes;
  const isGif = g === 0x47 && i === 0x49 && f === 0x46 && eight === 0x38 && a === 0x61;
  return isGif && (version === 0x37 || version === 0x39) ? 'GIF' : undefined;
}

/** undefined where it is no such picture, or its size comes later than these bytes. */
export function pictureHead(bytes: Uint8Array): PictureHead | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = pictureFormat(bytes);
  switch (format) {
    case 'PNG':
      if (bytes.length < 24) return undefined;
      return { format, width: view.getUint32(16), height: view.getUint32(20), orientation: upright };
    case 'GIF':
      if (bytes.length < 10) return undefined;
      return {
        format,
        width: view.getUint16(6, true),
        height: view.getUint16(8, true),
        orientation: upright,
      };
    case 'JPEG':
      return jpegHead(view);
    case undefined:
      return undefined;
  }
}

/** From marker to marker, until the frame tells the size. */
function jpegHead(view: DataView): PictureHead | undefined {
  let orientation = upright;
  for (let at = 2; at + 9 <= view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at += 1;
      continue;
    }
    if (marker < 0xffc0) return undefined;
    const length = view.getUint16(at + 2);
    const isFrame =
      marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc4 && marker !== 0xffc8 && marker !== 0xffcc;
    if (isFrame) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { format: 'JPEG', width, height, orientation };
    }
    if (marker === 0xffe1) orientation = exifOrientation(view, at + 4, at + 2 + length) ?? orientation;
    at += 2 + Math.max(2, length);
  }
  return undefined;
}

/** The one field of Exif that one sees. */
function exifOrientation(view: DataView, from: number, end: number): number | undefined {
  const to = Math.min(end, view.byteLength);
  // `Exif`, two zeros, the order of bytes, 42, and where the first directory is.
  if (from + 14 > to || view.getUint32(from) !== 0x45786966) return undefined;
  const start = from + 6;
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > to) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < entries && at + 12 <= to; i++, at += 12) {
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
