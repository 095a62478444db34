/**
 * A box that draws rows as they are given. blessed would measure and cut them again, and its measure counts a wide character
 * beyond the basic plane, and every mark, as a cell of its own: a row with an emoji lost its end. UI thread.
 */

import blessed, { type Widgets } from 'blessed';

/** What blessed remembers of a content broken into lines: which line came from which. */
type Lines = string[] & { rtof: number[]; ftor: number[][]; fake: string[]; real: string[]; mwidth: number };

export function rowBox(screen: Widgets.Screen): Widgets.BoxElement {
  const box = blessed.box({ parent: screen, tags: false, wrap: false, left: 0, top: 0, width: 1, height: 1 });
  const takeAsGiven = (content: string, width: number): Lines => {
    const rows = content.split('\n');
    const each = rows.map((_, i) => i);
    return Object.assign([...rows], {
      rtof: each,
      ftor: each.map((i) => [i]),
      fake: rows,
      real: rows,
      mwidth: width,
    });
  };
  // Its types leave out what starts with an underscore.
  return Object.assign(box, { _wrapContent: takeAsGiven });
}
