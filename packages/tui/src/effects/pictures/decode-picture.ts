/** The bytes of a file to a picture that is small enough to be shown. Called in the picture thread; synchronous, and slow for large ones. */

import { Code, FerryError } from '@ferry/protocol';
import { type Picture, type PictureFormat, pictureBounds } from '../../state/picture.ts';
import { type Pixels, shrunk, uprighted } from '../../state/pixels.ts';
import { decodePng } from './decode-png.ts';
import { pictureHead } from './picture-head.ts';

/** In sum for one JPEG, as its library counts. */
const jpegMB = 512;

/** @throws {FerryError} LIMIT with more pixels than are unpacked; INTEGRITY for what is no picture, or a damaged one */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  const head = pictureHead(bytes);
  if (head === undefined) throw new FerryError(Code.INTEGRITY, 'this is no picture that can be shown');
  checkPixels(head);
  const { format, orientation } = head;
  const pixels = await unpacked(format, bytes);
  const small = uprighted(shrunk(pixels, pictureBounds.mostSide), orientation);
  const [fullWidth, fullHeight] = orientation >= 5 ? [head.height, head.width] : [head.width, head.height];
  return { format, fullWidth, fullHeight, ...small };
}

/** @throws {FerryError} LIMIT; INTEGRITY where there is not one pixel */
export function checkPixels({ width, height }: { readonly width: number; readonly height: number }): void {
  if (width === 0 || height === 0) throw new FerryError(Code.INTEGRITY, 'the picture is damaged');
  const most = pictureBounds.mostPixels;
  if (width * height <= most) return;
  throw new FerryError(
    Code.LIMIT,
    `the picture has ${width} × ${height} pixels, and more than ${most / 1e6} million are not shown`,
  );
}

async function unpacked(format: PictureFormat, bytes: Uint8Array): Promise<Pixels> {
  try {
    return await decoders[format](bytes);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    // Libraries throw what they happen upon.
    throw new FerryError(Code.INTEGRITY, 'the picture is damaged', { cause });
  }
}

const decoders: Readonly<Record<PictureFormat, (bytes: Uint8Array) => Pixels | Promise<Pixels>>> = {
  PNG: decodePng,
  JPEG: async (bytes) => {
    const { decode } = await import('jpeg-js');
    const bounds = { maxResolutionInMP: pictureBounds.mostPixels / 1e6, maxMemoryUsageInMB: jpegMB };
    const { width, height, data } = decode(bytes, { useTArray: true, ...bounds });
    return { width, height, rgba: data };
  },
  GIF: async (bytes) => {
    const { GifReader } = await import('omggif');
    const gif = new GifReader(bytes);
    // A frame has a size of its own, whatever the head says.
    checkPixels(gif.frameInfo(0));
    const rgba = new Uint8Array(gif.width * gif.height * 4);
    gif.decodeAndBlitFrameRGBA(0, rgba);
    return { width: gif.width, height: gif.height, rgba };
  },
};
