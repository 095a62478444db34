/** The list of all actions as rows: a line to type in, then key, name, what it is for or why not now. Pure; UI thread. */

import { keyName } from '../../keymap/key-name.ts';
import type { Size } from '../../state/layout.ts';
import { type Palette, type PaletteItem, paletteItems } from '../../state/palette.ts';
import type { AppState } from '../../state/state.ts';
import { lists } from '../../state/texts.ts';
import { cells, cutEnd, fit, fitText } from './cells.ts';
import { framed, wrapped } from './frame-rows.ts';
import { lineRow } from './line-rows.ts';
import { type Look, paint } from './style.ts';

const keyCells = 14;
const labelCellsFor = (width: number): number => (width >= 90 ? 18 : 14);

/** Rows with their frame, exactly as wide and high as `size` allows a dialog to be. */
export function paletteRowsOf(state: AppState, dialog: Palette, size: Size, look: Look): string[] {
  const items = paletteItems(state, dialog);
  const { columns: width, rows: height } = size;
  const inner = width - 4;
  // What the one at the cursor is for is said whole below the list, which has no room for it where it is narrow.
  const words = inner < 96 ? 2 : 1;
  const shown = Math.max(1, height - 3 - words);
  const cursor = Math.min(dialog.cursor, Math.max(0, items.length - 1));
  const from = Math.max(0, Math.min(cursor - Math.floor(shown / 2), items.length - shown));
  const rows = items
    .slice(from, from + shown)
    .map((item, i) => ` ${itemRow(item, inner, from + i === cursor, dialog, look)} `);
  if (items.length === 0) rows.push(` ${paint(look.theme, 'dim', fit(lists.noneLike, inner))} `);
  const line = ` ${lineRow(dialog.line, inner, look)} `;
  const at = items[cursor];
  const said = at === undefined ? [] : wrapped(saidOf(at, dialog), inner).slice(0, words);
  while (rows.length < shown) rows.push(' '.repeat(width - 2));
  rows.push(...said.map((text) => ` ${paint(look.theme, 'notice', fit(text, inner))} `));
  const edges = {
    topLeft: lists.actions,
    topRight: lists.search,
    bottomLeft: items.length > 0 ? lists.place(cursor + 1, items.length) : '',
    bottomRight: lists.enterDoes,
  };
  return framed(look, true, { width, height }, edges, [line, ...rows]);
}

/** What it is for, or why it cannot be done now. */
function saidOf({ layer, binding: { help }, why }: PaletteItem, { of }: Palette): string {
  const where = layer === of ? '' : layer === 'queue' ? lists.inQueue : lists.inFiles;
  return why === undefined ? `${help}${where}` : lists.notNow(why);
}

function itemRow(
  { layer, binding, why }: PaletteItem,
  width: number,
  atCursor: boolean,
  dialog: Palette,
  look: Look,
): string {
  const { keys, label } = binding;
  const labelCells = labelCellsFor(width);
  // As many keys as there is room for.
  let names = '';
  for (const key of keys) {
    const longer = names === '' ? keyName(key) : `${names} ${look.glyphs.dot} ${keyName(key)}`;
    if (cells(longer) >= keyCells) break;
    names = longer;
  }
  const said = saidOf({ layer, binding, why }, dialog);
  const [style, nameStyle] = atCursor ? (['cursor', 'cursor'] as const) : (['plain', 'folder'] as const);
  const dimmed = why === undefined || atCursor ? undefined : 'dim';
  return (
    paint(look.theme, dimmed ?? (atCursor ? 'cursor' : 'dim'), fit(names, keyCells)) +
    paint(look.theme, dimmed ?? nameStyle, fit(cutEnd(label, labelCells - 1), labelCells)) +
    paint(look.theme, dimmed ?? style, fitText(said, width - keyCells - labelCells, look.glyphs.ellipsis))
  );
}
