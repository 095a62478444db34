/**
 * A picture as the terminal's own: cells that say which part of an image stands there (kitty's Unicode placeholders). They are text, so
 * what lies over them covers them, and what scrolls takes them along; the image itself is sent once. Pure; UI thread.
 */

import { deflateSync } from 'node:zlib';
import type { Picture } from '../../state/picture.ts';
import { resized } from '../../state/pixels.ts';

/** An image as the terminal knows it: its number is the colour of its cells. */
export type Image = { readonly id: number; readonly columns: number; readonly rows: number };

/** By which mark on its first cell a row says which one it is; the protocol has more than any screen of ours shows. */
const rowMarks = [
  0x0305, 0x030d, 0x030e, 0x0310, 0x0312, 0x033d, 0x033e, 0x033f, 0x0346, 0x034a, 0x034b, 0x034c, 0x0350,
  0x0351, 0x0352, 0x0357, 0x035b, 0x0363, 0x0364, 0x0365, 0x0366, 0x0367, 0x0368, 0x0369, 0x036a, 0x036b,
  0x036c, 0x036d, 0x036e, 0x036f, 0x0483, 0x0484, 0x0485, 0x0486, 0x0487, 0x0592, 0x0593, 0x0594, 0x0595,
  0x0597, 0x0598, 0x0599, 0x059c, 0x059d, 0x059e, 0x059f, 0x05a0, 0x05a1, 0x05a8, 0x05a9, 0x05ab, 0x05ac,
  0x05af, 0x05c4, 0x0610, 0x0611, 0x0612, 0x0613, 0x0614, 0x0615, 0x0616, 0x0617, 0x0657, 0x0658,
] as const;
export const mostImageRows = rowMarks.length;

const cell = '\u{10eeee}';

/** Terminals that draw such cells, by the name that they give when they are asked: kitty from 0.28 on, and Ghostty. */
export function drawsImages(name: string): boolean {
  const [, major = '0', minor = '0'] = /^kitty\((\d+)\.(\d+)/.exec(name) ?? [];
  return /^ghostty/i.test(name) || Number(major) > 0 || Number(minor) >= 28;
}

/** A cell without a mark stands right of the one before it. */
export function imageRows({ id, columns, rows }: Image): string[] {
  const colour = [id >> 16, (id >> 8) & 255, id & 255].join(';');
  return Array.from({ length: Math.min(rows, mostImageRows) }, (_, row) => {
    const first = cell + String.fromCodePoint(rowMarks[row] ?? 0, rowMarks[0]);
    return `\x1b[38;2;${colour}m${first}${cell.repeat(columns - 1)}\x1b[0m`;
  });
}

/** Pixels that a cell is sent with, at most. */
const cellWidth = 10;
const cellHeight = 20;
const pieceCharacters = 4096;

/** Sends it to the terminal, which says nothing to it. */
export function imageSequence({ id, columns, rows }: Image, picture: Picture): string {
  const scale = Math.min(1, (columns * cellWidth) / picture.width, (rows * cellHeight) / picture.height);
  const [width, height] = [picture.width, picture.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  const { rgba } = scale === 1 ? picture : resized(picture, width ?? 1, height ?? 1);
  const text = deflateSync(rgba, { level: 1 }).toString('base64');
  const pieces = Array.from({ length: Math.ceil(text.length / pieceCharacters) }, (_, i) =>
    text.slice(i * pieceCharacters, (i + 1) * pieceCharacters),
  );
  const head = `a=T,U=1,q=2,f=32,o=z,s=${width},v=${height},i=${id},c=${columns},r=${rows},`;
  return pieces
    .map((piece, i) => `\x1b_G${i === 0 ? head : ''}m=${i + 1 < pieces.length ? 1 : 0};${piece}\x1b\\`)
    .join('');
}

/** The terminal may forget it. */
export function forgetSequence({ id }: Image): string {
  return `\x1b_Ga=d,d=I,q=2,i=${id}\x1b\\`;
}
