/** Bookmarks and recent folders as rows, with a line to type in. Pure; UI thread. */

import type { Size } from '../../state/layout.ts';
import type { AppState } from '../../state/state.ts';
import { lists } from '../../state/texts.ts';
import { type PlacesDialog, placeItems } from '../../state/update-places.ts';
import { fit } from './cells.ts';
import { framed, keepEnd } from './frame-rows.ts';
import { lineRow } from './line-rows.ts';
import { type Look, paint } from './style.ts';

/** Rows with their frame, exactly as wide and high as `size`. */
export function placesRowsOf(state: AppState, dialog: PlacesDialog, size: Size, look: Look): string[] {
  const items = placeItems(state, dialog);
  const { columns: width, rows: height } = size;
  const inner = width - 4;
  const shown = Math.max(1, height - 3);
  const cursor = Math.min(dialog.cursor, Math.max(0, items.length - 1));
  const from = Math.max(0, Math.min(cursor - Math.floor(shown / 2), items.length - shown));
  const rows = items.slice(from, from + shown).map(({ text, isBookmark }, i) => {
    const sign = isBookmark ? look.glyphs.bookmark : ' ';
    const row = fit(`${sign} ${keepEnd(text, inner - 2, look.glyphs.ellipsis)}`, inner);
    return ` ${from + i === cursor ? paint(look.theme, 'cursor', row) : row} `;
  });
  if (items.length === 0) rows.push(` ${paint(look.theme, 'dim', fit(lists.noFolderLike, inner))} `);
  const words = {
    topLeft: lists.places,
    topRight: lists.search,
    bottomLeft: items.length > 0 ? lists.place(cursor + 1, items.length) : '',
    bottomRight: lists.enterGoes,
  };
  return framed(look, true, { width, height }, words, [` ${lineRow(dialog.line, inner, look)} `, ...rows]);
}
