/** A picture looked at more closely: which part of it is seen, and how one moves about in it. Pure values; UI thread. */

import type { Picture } from './picture.ts';
import type { Pixels } from './pixels.ts';
import type { Extent } from './viewer.ts';

export type Zoom = {
  /** Against the whole picture in its room; more than 1. */
  readonly factor: number;
  /** The middle of what is seen: 0 is the left or upper end of the picture, 1 the other one. */
  readonly x: number;
  readonly y: number;
};

/** Small pictures are made larger, but not so much that one sees nothing but squares. */
const mostScale = 4;
const step = 1.5;
const mostFactor = step ** 8;
/** Of what is seen, so much is new after a step to the side. */
const newPart = 1 / 4;

/** In square units: a cell is twice as high as it is wide. */
export function fitScale({ width, height }: Pick<Pixels, 'width' | 'height'>, extent: Extent): number {
  const room = Math.min(extent.width / width, (extent.height * 2) / height);
  return room < 1 ? room : Math.min(mostScale, Math.floor(room));
}

/** As many of its pixels as there is room for, of each side. */
function sides({ width, height }: Picture, factor: number, extent: Extent): [width: number, height: number] {
  const scale = fitScale({ width, height }, extent) * factor;
  const side = (all: number, room: number): number => Math.max(1, Math.min(all, Math.round(room / scale)));
  return [side(width, extent.width), side(height, extent.height * 2)];
}

/** Closer, or back; undefined is the whole picture. */
export function zoomed(zoom: Zoom | undefined, by: 1 | -1): Zoom | undefined {
  const { factor, x, y } = zoom ?? { factor: 1, x: 0.5, y: 0.5 };
  const next = Math.min(mostFactor, factor * step ** by);
  return next <= 1 ? undefined : { factor: next, x, y };
}

/** A step to the side and down, where there is more to see. */
export function panned(zoom: Zoom, picture: Picture, extent: Extent, right: number, down: number): Zoom {
  const [width, height] = sides(picture, zoom.factor, extent);
  const moved = (middle: number, part: number, by: number): number =>
    Math.min(1 - part / 2, Math.max(part / 2, middle + by * part * newPart));
  return {
    ...zoom,
    x: moved(zoom.x, width / picture.width, right),
    y: moved(zoom.y, height / picture.height, down),
  };
}

const parts = new WeakMap<
  Picture,
  { readonly zoom: Zoom; readonly width: number; readonly height: number; readonly part: Picture }
>();

/** What is seen of it; the same value for the same question, so that it is drawn once. */
export function partOf(picture: Picture, zoom: Zoom | undefined, { width, height }: Extent): Picture {
  if (zoom === undefined) return picture;
  const before = parts.get(picture);
  if (before?.zoom === zoom && before.width === width && before.height === height) return before.part;
  const part = cut(picture, zoom, { width, height });
  parts.set(picture, { zoom, width, height, part });
  return part;
}

function cut(picture: Picture, zoom: Zoom, extent: Extent): Picture {
  const [width, height] = sides(picture, zoom.factor, extent);
  const from = (all: number, part: number, middle: number): number =>
    Math.max(0, Math.min(all - part, Math.round(all * middle - part / 2)));
  const left = from(picture.width, width, zoom.x);
  const top = from(picture.height, height, zoom.y);
  const rgba = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * picture.width + left) * 4;
    rgba.set(picture.rgba.subarray(start, start + width * 4), row * width * 4);
  }
  return { ...picture, width, height, rgba, isPart: true };
}
