/**
 * A picture as rows of text: two pixels in each cell, one over the other, in as many colours as the terminal has; where it has no
 * such character, one pixel, as a sign that is as dark. Pure; UI thread.
 */

import type { Picture } from '../../state/picture.ts';
import { type Pixels, resized } from '../../state/pixels.ts';
import type { Extent } from '../../state/viewer.ts';
import { fitScale } from '../../state/zoom.ts';
import { type Image, imageRows, mostImageRows } from './image-rows.ts';
import { type Look, unicodeGlyphs } from './style.ts';
import { light } from './themes/light.ts';

/** Three bytes, and as a number; undefined: one sees through. */
type Ink = readonly [red: number, green: number, blue: number];

const reset = '\x1b[0m';

/** The rows of before, where the same is asked for again: each key draws the viewer. */
const drawn = new WeakMap<
  Picture,
  { readonly extent: Extent; readonly look: Look; readonly rows: string[] }
>();

/** Exactly `height` rows of `width` cells, with the picture in the middle of them. */
export function pictureRows(picture: Picture, extent: Extent, look: Look): string[] {
  const before = drawn.get(picture);
  if (
    before?.look === look &&
    before.extent.width === extent.width &&
    before.extent.height === extent.height
  ) {
    return before.rows;
  }
  const rows = centred(cellRows(picture, extent, look), extent);
  drawn.set(picture, { extent, look, rows });
  return rows;
}

/** In square units: a cell is twice as high as it is wide. */
export function fitted(
  { width, height, isPart }: Pixels & Pick<Picture, 'isPart'>,
  extent: Extent,
): { columns: number; rows: number } {
  const scale =
    isPart === true
      ? Math.min(extent.width / width, (extent.height * 2) / height)
      : fitScale({ width, height }, extent);
  return { columns: Math.max(1, Math.round(width * scale)), rows: Math.max(1, Math.round(height * scale)) };
}

type Row = { readonly text: string; readonly cells: number };

function centred(rows: readonly Row[], { width, height }: Extent): string[] {
  const blank = ' '.repeat(width);
  const above = Math.floor((height - rows.length) / 2);
  return Array.from({ length: height }, (_, i) => {
    const row = rows[i - above];
    if (row === undefined) return blank;
    const left = Math.floor((width - row.cells) / 2);
    return ' '.repeat(left) + row.text + ' '.repeat(width - left - row.cells);
  });
}

/** As the terminal is to know it, by its picture; anew in another size. */
const images = new WeakMap<Picture, Image>();
let lastImage = 0;

/** The image of a picture whose rows were made last; undefined where it is drawn with signs. */
export function imageOf(picture: Picture): Image | undefined {
  return images.get(picture);
}

function imageCells(picture: Picture, columns: number, rows: number): Row[] {
  // Numbers of a few that are shown at once; others' programs have others, most likely.
  lastImage = (lastImage + 1) % 4096;
  const image = { id: imageBase + lastImage, columns, rows };
  images.set(picture, image);
  return imageRows(image).map((text) => ({ text, cells: columns }));
}

const imageBase = 0x46_65_00;

function cellRows(picture: Picture, extent: Extent, look: Look): Row[] {
  const { columns, rows } = fitted(picture, extent);
  const cellsHigh = Math.ceil(rows / 2);
  images.delete(picture);
  const mayHave = look.hasImages === true && look.colours !== 'one' && look.glyphs === unicodeGlyphs;
  if (mayHave && cellsHigh <= mostImageRows) return imageCells(picture, columns, cellsHigh);
  const isBlocks = look.glyphs === unicodeGlyphs;
  const small = resized(picture, columns, isBlocks ? rows : Math.max(1, Math.round(rows / 2)));
  const inks = inksOf(small, look);
  const lines = Array.from({ length: small.height }, (_, y) => inks.slice(y * columns, (y + 1) * columns));
  const colours = look.colours ?? '256';
  if (!isBlocks) return lines.map((line) => ({ text: signs(line, colours), cells: columns }));
  const halves = Array.from({ length: Math.ceil(lines.length / 2) }, (_, i) => [
    lines[i * 2],
    lines[i * 2 + 1],
  ]);
  return halves.map(([top = [], bottom = []]) => ({ text: blocks(top, bottom, colours), cells: columns }));
}

type Line = readonly (Ink | undefined)[];
type Colours = NonNullable<Look['colours']>;

function blocks(top: Line, bottom: Line, colours: Colours): string {
  let text = '';
  let now = '';
  for (const [x, over] of top.entries()) {
    const under = bottom[x];
    const [style, char] = blockOf(over, under, colours);
    if (style !== now) text += now !== '' && style === '' ? reset : style;
    now = style;
    text += char;
  }
  return now === '' ? text : text + reset;
}

/** Always both colours, or none: what comes before it must not shine through. */
function blockOf(over: Ink | undefined, under: Ink | undefined, colours: Colours): [string, string] {
  if (colours === 'one') {
    const [isOver, isUnder] = [isBright(over), isBright(under)];
    return ['', isOver ? (isUnder ? '█' : '▀') : isUnder ? '▄' : ' '];
  }
  if (over === undefined && under === undefined) return ['', ' '];
  if (over === undefined || under === undefined) {
    const ink = over ?? under ?? black;
    return [`\x1b[0;${parameters(ink, 'front', colours)}m`, over === undefined ? '▄' : '▀'];
  }
  return [`\x1b[${parameters(over, 'front', colours)};${parameters(under, 'back', colours)}m`, '▀'];
}

/** From dark to bright. */
const ramp = ' .:-=+*#%@';

function signs(line: Line, colours: Colours): string {
  let text = '';
  let now = '';
  for (const ink of line) {
    const style = ink === undefined || colours === 'one' ? '' : `\x1b[${parameters(ink, 'front', colours)}m`;
    if (style !== now) text += style === '' ? reset : style;
    now = style;
    text += ink === undefined ? ' ' : ramp.charAt(Math.round((brightness(ink) * (ramp.length - 1)) / 255));
  }
  return now === '' ? text : text + reset;
}

const black: Ink = [0, 0, 0];
const white: Ink = [255, 255, 255];

function brightness([red, green, blue]: Ink): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function isBright(ink: Ink | undefined): boolean {
  return ink !== undefined && brightness(ink) >= 128;
}

function parameters(ink: Ink, where: 'front' | 'back', colours: Colours): string {
  const isFront = where === 'front';
  if (colours === 'any') return `${isFront ? 38 : 48};2;${ink.join(';')}`;
  if (colours === '256') return `${isFront ? 38 : 48};5;${nearest256(ink)}`;
  const index = sixteen.indexOf(nearestOf(ink, sixteen));
  return String((index < 8 ? (isFront ? 30 : 40) : isFront ? 82 : 92) + index);
}

/** As xterm has them; users may have others. */
const sixteen: readonly Ink[] = [
  black,
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  white,
];

function distance([r, g, b]: Ink, [red, green, blue]: Ink): number {
  return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
}

function nearestOf(ink: Ink, palette: readonly Ink[]): Ink {
  let best = palette[0] ?? black;
  for (const one of palette) if (distance(ink, one) < distance(ink, best)) best = one;
  return best;
}

const levels = [0, 95, 135, 175, 215, 255];

/** In the cube of 216 colours, or among the 24 greys. */
function nearest256(ink: Ink): number {
  const steps = ink.map((value) => (value < 48 ? 0 : value < 115 ? 1 : Math.round((value - 55) / 40)));
  const [r = 0, g = 0, b = 0] = steps;
  const inCube: Ink = [levels[r] ?? 0, levels[g] ?? 0, levels[b] ?? 0];
  const grey = Math.max(0, Math.min(23, Math.round((brightness(ink) - 8) / 10)));
  const value = 8 + grey * 10;
  const isGrey = distance(ink, [value, value, value]) < distance(ink, inCube);
  return isGrey ? 232 + grey : 16 + 36 * r + 6 * g + b;
}

/** What each pixel is drawn in. Few colours are spread (Floyd and Steinberg), so that areas look like what they cannot be. */
function inksOf(small: Pixels, look: Look): (Ink | undefined)[] {
  const ground = look.theme === light ? white : black;
  const inks = Array.from({ length: small.width * small.height }, (_, i) => over(small.rgba, i * 4, ground));
  if (look.colours === '16') return spread(inks, small.width, sixteen);
  const isSigns = look.glyphs !== unicodeGlyphs;
  return look.colours === 'one' && !isSigns ? spread(inks, small.width, [black, white]) : inks;
}

function over(rgba: Uint8Array, at: number, ground: Ink): Ink | undefined {
  const share = (rgba[at + 3] ?? 0) / 255;
  if (share < 0.5) return undefined;
  const mixed = (i: 0 | 1 | 2): number => Math.round((rgba[at + i] ?? 0) * share + ground[i] * (1 - share));
  return [mixed(0), mixed(1), mixed(2)];
}

function spread(
  inks: readonly (Ink | undefined)[],
  width: number,
  palette: readonly Ink[],
): (Ink | undefined)[] {
  const isGrey = palette.length === 2;
  const values = inks.map((ink) => {
    if (ink === undefined) return undefined;
    return isGrey ? (Array.from({ length: 3 }, () => brightness(ink)) as unknown as Ink) : ink;
  });
  const give = (at: number, error: Ink, share: number): void => {
    const ink = values[at];
    if (ink === undefined) return;
    const [r, g, b] = ink;
    values[at] = [r + error[0] * share, g + error[1] * share, b + error[2] * share];
  };
  return values.map((_, at) => {
    const wanted = values[at];
    if (wanted === undefined) return undefined;
    const ink = nearestOf(wanted, palette);
    const error: Ink = [wanted[0] - ink[0], wanted[1] - ink[1], wanted[2] - ink[2]];
    const x = at % width;
    if (x + 1 < width) give(at + 1, error, 7 / 16);
    if (x > 0) give(at + width - 1, error, 3 / 16);
    give(at + width, error, 5 / 16);
    if (x + 1 < width) give(at + width + 1, error, 1 / 16);
    return ink;
  });
}
