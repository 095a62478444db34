/** A picture that is looked at: its pixels, made small enough to be passed on and drawn. Plain data; any thread. */

import type { Name } from '@ferry/protocol';

export type PictureFormat = 'PNG' | 'JPEG' | 'GIF';

export type Picture = {
  readonly format: PictureFormat;
  /** As the file says, the right way up. */
  readonly fullWidth: number;
  readonly fullHeight: number;
  /** Of what is here: at most `mostSide` each. */
  readonly width: number;
  readonly height: number;
  /** Four bytes for each pixel, row by row: red, green, blue, and how little one sees through it. */
  readonly rgba: Uint8Array;
  /** Cut out of one: it fills its room, however large its pixels get. */
  readonly isPart?: boolean;
};

/** Bounds of what is shown: of the file, of what it unpacks to, and of what is kept of that. */
export const pictureBounds = {
  mostBytes: 16 * 1024 * 1024,
  mostPixels: 32_000_000,
  mostSide: 1024,
  /** Milliseconds of one picture's unpacking. */
  mostMs: 10_000,
} as const;

const endings = /\.(?:png|apng|jpe?g|jpe|jfif|gif)$/i;

/** By the name alone; what is in it may be something else. */
export function isPictureName(name: Name | undefined): boolean {
  return name !== undefined && endings.test(name);
}
