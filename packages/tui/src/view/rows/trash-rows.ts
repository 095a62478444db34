/** The trash of the server as rows. Pure; UI thread. */

import prettyBytes from 'pretty-bytes';
import { keyName } from '../../keymap/key-name.ts';
import { keyOf } from '../../keymap/resolve.ts';
import type { Size } from '../../state/layout.ts';
import { type AppState, serverWord } from '../../state/state.ts';
import { trashTexts } from '../../state/texts.ts';
import { placeOf, type TrashDialog } from '../../state/trash.ts';
import { fit } from './cells.ts';
import { framed, keepEnd } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { minute, minuteCells } from './when.ts';

/** When, how much and how: what stands before and behind a path. */
const sizeCells = 8;
const howCells = 9;
/** Of a frame that is too narrow for all of it, the path has at least so much. */
const leastPathCells = 20;

/** How many rows the list wants, with its frame. */
export function trashHeight({ rows }: TrashDialog): number {
  return Math.max(1, rows?.length ?? 0) + 2;
}

/** Rows with their frame, exactly as wide and high as `size`. */
export function trashRowsOf(state: AppState, dialog: TrashDialog, size: Size, look: Look): string[] {
  const { columns: width, rows: height } = size;
  const { rows, cursor } = dialog;
  const inner = width - 4;
  const shown = Math.max(1, height - 2);
  const from = Math.max(0, Math.min(cursor - Math.floor(shown / 2), (rows?.length ?? 0) - shown));
  const isWide = inner >= leastPathCells + minuteCells + sizeCells + howCells + 6;
  const facts = isWide ? minuteCells + sizeCells + 4 : 0;
  const pathCells = inner - howCells - 2 - facts;
  const lines = (rows ?? []).slice(from, from + shown).map((row, i) => {
    const how = fit(row.isReplaced ? trashTexts.replaced : trashTexts.deleted, howCells);
    const path = fit(keepEnd(placeOf(row), pathCells, look.glyphs.ellipsis), pathCells);
    const before = isWide ? `${minute(row.deletedMs)}  ${prettyBytes(row.bytes).padStart(sizeCells)}  ` : '';
    const text = `${before}${how}  ${path}`;
    return ` ${from + i === cursor ? paint(look.theme, 'cursor', text) : text} `;
  });
  if (lines.length === 0) {
    const words = rows === undefined ? trashTexts.reading : trashTexts.none;
    lines.push(` ${paint(look.theme, 'dim', fit(words, inner))} `);
  }
  const has = (rows?.length ?? 0) > 0;
  const restoreKey = keyName(keyOf(state.keymap, 'trash', 'accept'));
  const words = {
    topLeft: trashTexts.title(serverWord(state, dialog.where ?? state.address)),
    bottomLeft: has ? `${cursor + 1} of ${rows?.length}` : '',
    bottomRight: has ? trashTexts.brings(restoreKey) : '',
  };
  return framed(look, true, { width, height }, words, lines);
}
