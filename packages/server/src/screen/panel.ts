/** The line that a panel begins with. Pure; used by the screen. */

import { cells, cutEnd } from '@ferry/protocol/terminal/cells';
import { type Look, paint } from './look.ts';

/** The row with exactly so many cells: cut at the end, or filled with blanks. Its colours stay, and end with it. */
export function exact(row: string, width: number): string {
  let used = 0;
  let made = '';
  for (const [i, part] of row.split('\x1b').entries()) {
    const end = i === 0 ? 0 : part.indexOf('m') + 1;
    const text = part.slice(end);
    const cut = cells(text) <= width - used ? text : cutEnd(text, width - used);
    used += cells(cut);
    made += (i === 0 ? '' : `\x1b${part.slice(0, end)}`) + cut;
    if (cut.length < text.length) {
      // Of a wide character that would stick out a blank is left; nothing behind it may slip in there.
      made += ' '.repeat(width - used);
      used = width;
    }
  }
  return made + ' '.repeat(Math.max(0, width - used));
}

/** `── Name · detail ───────`, exactly as wide as it is told. */
export function panelHead(look: Look, name: string, detail: string, width: number): string {
  const { rule, dot } = look.glyphs;
  const title = cutEnd(` ${name} `, Math.max(0, width - 3));
  const more = detail === '' ? '' : cutEnd(`${dot} ${detail} `, Math.max(0, width - 3 - cells(title)));
  const rest = Math.max(0, width - 2 - cells(title) - cells(more));
  return (
    paint(look, 'rule', rule.repeat(Math.max(0, Math.min(2, width)))) +
    paint(look, 'panel', title) +
    paint(look, 'dim', more) +
    paint(look, 'rule', rule.repeat(rest))
  );
}
