/**
 * How many terminal cells a character takes. Used by layout that counts them and by everything that draws, in both
 * programs. Pure.
 */

import { eastAsianWidth } from 'get-east-asian-width';

/** Marks that stand on the letter before them; those that stand beside it have a cell of their own. */
const zeroWidth = /^[\p{Mn}\p{Me}]$/u;

/** Asked for every cell of every frame: 0 where it was not looked at yet, else one more than the cells. */
const known = new Uint8Array(0x20000);

export function charCells(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  const found = known[point] ?? 0;
  if (found > 0) return found - 1;
  const wide = zeroWidth.test(char) || isJoiningJamo(point) ? 0 : eastAsianWidth(point);
  known[point] = wide + 1;
  return wide;
}

/** Vowels and final consonants that join the Korean syllable before them. */
function isJoiningJamo(point: number): boolean {
  return point >= 0x1160 && point <= 0x11ff;
}
