/**
 * A picture as a terminal's own pixels, in sixels: bands of six rows, and in each band a line for every colour. 252 colours that are always
 * the same, spread (Floyd and Steinberg), so that no colour has to be looked for. Pure; UI thread.
 */

import type { Picture } from '../../state/picture.ts';
import { type Pixels, resized } from '../../state/pixels.ts';
import type { Extent } from '../../state/viewer.ts';
import { fitScale } from '../../state/zoom.ts';

/** Pixels of one cell of the terminal. */
export type CellSize = { readonly width: number; readonly height: number };

const bandRows = 6;
/** Levels of red, green and blue: the eye tells greens apart best. */
const levels = [6, 7, 6] as const;
const colourCount = levels[0] * levels[1] * levels[2];
const none = -1;
/** Larger ones are made of larger pixels: what goes over the line, and the time that it takes, has an end. */
const mostPixels = 640_000;

export type SixelPlace = {
  /** In cells. */
  readonly left: number;
  readonly top: number;
  readonly pixels: { readonly width: number; readonly height: number };
};

/** Where it stands in the middle of its room, and how large: never over its lower edge, where it would scroll the screen. */
export function sixelPlace(picture: Picture, { width, height }: Extent, cell: CellSize): SixelPlace {
  const room = {
    width: width * cell.width,
    height: Math.floor((height * cell.height) / bandRows) * bandRows,
  };
  const fill = Math.min(room.width / picture.width, room.height / picture.height);
  const fitting =
    picture.isPart === true ? fill : fitScale(picture, { width: room.width, height: room.height / 2 });
  const area = picture.width * picture.height * fitting ** 2;
  const scale = fitting * Math.min(1, Math.sqrt(mostPixels / area));
  const pixels = {
    width: Math.max(1, Math.floor(picture.width * scale)),
    height: Math.max(1, Math.floor(picture.height * scale)),
  };
  return {
    left: Math.floor((width - pixels.width / cell.width) / 2),
    top: Math.floor((height - pixels.height / cell.height) / 2),
    pixels,
  };
}

/** The whole sequence; what is seen through is left as it is. */
export function sixelOf(picture: Pixels, { width, height }: SixelPlace['pixels']): string {
  const isSame = picture.width === width && picture.height === height;
  const pixels = isSame ? picture : resized(picture, width, height);
  const colours = spread(pixels);
  const used = new Set(colours);
  used.delete(none);
  const palette = [...used].toSorted((a, b) => a - b).map((colour) => `#${colour};2;${percents(colour)}`);
  const bands = [];
  for (let top = 0; top < height; top += bandRows) bands.push(bandOf(colours, width, height, top));
  return `\x1bP0;1q"1;1;${width};${height}${palette.join('')}${bands.join('-')}\x1b\\`;
}

function percents(colour: number): string {
  return partsOf(colour)
    .map((part, i) => Math.round((part * 100) / (levels[i]! - 1)))
    .join(';');
}

function partsOf(colour: number): [red: number, green: number, blue: number] {
  const [, greens, blues] = levels;
  return [Math.floor(colour / (greens * blues)), Math.floor(colour / blues) % greens, colour % blues];
}

/** Each pixel's colour, with what it is too much or too little by given on to those that come after it. */
function spread({ width, height, rgba }: Pixels): Int16Array {
  const colours = new Int16Array(width * height).fill(none);
  let here = new Float32Array((width + 2) * 3);
  let below = new Float32Array((width + 2) * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      if (rgba[at + 3]! < 128) continue;
      let colour = 0;
      for (let part = 0; part < 3; part++) {
        const place = (x + 1) * 3 + part;
        const wanted = Math.max(0, Math.min(255, rgba[at + part]! + here[place]!));
        const steps = levels[part]! - 1;
        const level = Math.round((wanted * steps) / 255);
        const error = wanted - (level * 255) / steps;
        here[place + 3]! += (error * 7) / 16;
        below[place - 3]! += (error * 3) / 16;
        below[place]! += (error * 5) / 16;
        below[place + 3]! += error / 16;
        colour = colour * levels[part]! + level;
      }
      colours[y * width + x] = colour;
    }
    [here, below] = [below, here];
    below.fill(0);
  }
  return colours;
}

/** One line over another for each colour that is in it, each only as far as that goes. */
function bandOf(colours: Int16Array, width: number, height: number, top: number): string {
  const rows = Math.min(bandRows, height - top);
  const ends = new Int32Array(colourCount);
  const bits = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const colour = colours[(top + row) * width + x]!;
      if (colour === none) continue;
      let line = bits.get(colour);
      if (line === undefined) {
        line = new Uint8Array(width);
        bits.set(colour, line);
      }
      line[x]! |= 1 << row;
      if (x >= ends[colour]!) ends[colour] = x + 1;
    }
  }
  return [...bits].map(([colour, line]) => `#${colour}${runs(line, ends[colour]!)}`).join('$');
}

function runs(line: Uint8Array, end: number): string {
  let text = '';
  for (let x = 0; x < end; ) {
    let after = x + 1;
    while (after < end && line[after] === line[x]) after += 1;
    const sign = String.fromCharCode(0x3f + line[x]!);
    text += after - x > 3 ? `!${after - x}${sign}` : sign.repeat(after - x);
    x = after;
  }
  return text;
}
