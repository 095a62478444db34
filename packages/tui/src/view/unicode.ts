/**
 * Gives blessed today's character widths: its own table is of 2013, and with it every emoji shifts its row. UI thread,
 * once, before the screen is made.
 */

import blessed from 'blessed';
import { charCells } from '../state/char-cells.ts';

type Unicode = {
  charWidth: (text: string | number, at?: number) => number;
  combining: Record<number, boolean>;
  chars: { wide: RegExp; all: RegExp };
  codePointAt: (text: string, at: number) => number;
};

const surrogates = { first: 0xd800, last: 0xdfff };

/** Ranges of points for which `is` holds, as the inside of a character class. */
function classOf(
  from: number,
  to: number,
  is: (point: number) => boolean,
  written: (point: number) => string,
): string {
  let text = '';
  let start = -1;
  for (let point = from; point <= to + 1; point++) {
    const holds = point <= to && is(point);
    if (holds && start < 0) start = point;
    if (!holds && start >= 0) {
      text += `${written(start)}-${written(point - 1)}`;
      start = -1;
    }
  }
  return text;
}

/** Up to here each character is looked at, once; beyond are only ideographs and the selectors of their variants. */
const lookedAt = 0x20000;
const selectors = { first: 0xe0100, last: 0xe01ef } as const;

function cellsOfAll(): Uint8Array {
  const table = new Uint8Array(lookedAt).fill(1);
  for (let point = 0x300; point < lookedAt; point++) {
    if (point === surrogates.first) point = surrogates.last + 1;
    table[point] = charCells(String.fromCodePoint(point));
  }
  return table;
}

export function teachWidths(): void {
  // The types do not know this part of blessed.
  const { unicode } = blessed as unknown as { unicode: Unicode };
  const table = cellsOfAll();
  const wide = (point: number): boolean => table[point] === 2;
  const basic = classOf(0x1100, 0xffff, wide, (point) => `\\u${point.toString(16).padStart(4, '0')}`);
  // The planes of ideographs are wide from end to end; to look at each takes longer than to draw the first screen.
  const astral = `${classOf(0x16fe0, 0x1ffff, wide, (point) => `\\u{${point.toString(16)}}`)}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}`;
  unicode.charWidth = (text, at = 0) => {
    const point = typeof text === 'number' ? text : (text.codePointAt(at) ?? 0);
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return 0;
    return charCells(String.fromCodePoint(point));
  };
  // What has no cell of its own is drawn with the character before it; its own table knows what there was in 2007.
  // Asked for every cell of every frame, so it is a plain object.
  const combining: Record<number, boolean> = {};
  for (let point = 0; point < lookedAt; point++) if (table[point] === 0) combining[point] = true;
  for (let point = selectors.first; point <= selectors.last; point++) combining[point] = true;
  unicode.combining = combining;
  unicode.chars.wide = new RegExp(`([${basic}])`, 'g');
  unicode.chars.all = new RegExp(`([${basic}${astral}])`, 'gu');
}
