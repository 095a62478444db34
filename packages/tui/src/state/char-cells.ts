/** How many terminal cells a character takes. Used by layout that counts them and by everything that draws. Pure; UI thread. */

import { eastAsianWidth } from 'get-east-asian-width';

/** Marks that stand on the letter before them; those that stand beside it have a cell of their own. */
const zeroWidth = /^[\p{Mn}\p{Me}]$/u;

export function charCells(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (zeroWidth.test(char) || isJoiningJamo(point)) return 0;
  return eastAsianWidth(point);
}

/** Vowels and final consonants that join the Korean syllable before them. */
function isJoiningJamo(point: number): boolean {
  return point >= 0x1160 && point <= 0x11ff;
}
