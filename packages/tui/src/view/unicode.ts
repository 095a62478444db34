/**
 * Gives blessed today's character widths: its own table is of 2013, and with it every emoji shifts its row. UI thread,
 * once, before the screen is made.
 */

import blessed from 'blessed';
import { charCells } from '../state/char-cells.ts';

type Unicode = { charWidth: (text: string | number, at?: number) => number };

/** What goes into a row is cut and marked by view/row-box; this is for the cells on their way to the terminal. */
export function teachWidths(): void {
  // The types do not know this part of blessed.
  const { unicode } = blessed as unknown as { unicode: Unicode };
  unicode.charWidth = (text, at = 0) => {
    const point = typeof text === 'number' ? text : (text.codePointAt(at) ?? 0);
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return 0;
    return charCells(
      typeof text === 'number' ? String.fromCodePoint(point) : at === 0 ? text : text.slice(at),
    );
  };
}
