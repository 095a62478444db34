/** How many terminal cells a character takes. Used by layout that counts them and by everything that draws. Pure; UI thread. */

import { eastAsianWidth } from 'get-east-asian-width';

const zeroWidth = /^\p{M}$/u;

export function charCells(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x7f) return 1;
  if (zeroWidth.test(char)) return 0;
  return eastAsianWidth(point);
}
