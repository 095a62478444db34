/** What a user shares, as rows: the line to give away, and the list of all. Pure; UI thread. */

import { keyName } from '../../keymap/key-name.ts';
import { keyOf } from '../../keymap/resolve.ts';
import type { Dialog } from '../../state/dialog.ts';
import type { Size } from '../../state/layout.ts';
import { lineOf, type SharesDialog, sharesKey, whatOf } from '../../state/shares.ts';
import { type AppState, serverWord } from '../../state/state.ts';
import { shareTexts } from '../../state/texts.ts';
import { fit } from './cells.ts';
import { framed, keepEnd, wrapped } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { minute } from './when.ts';

/** Two rows of text for each share. */
const rowsEach = 2;

/** Lines of at most `width` cells. */
export function sharedLines(
  { made }: Dialog & { readonly kind: 'shared' },
  state: AppState,
  { theme }: Look,
  width: number,
): string[] {
  const copyKey = keyName(keyOf(state.keymap, 'shared', 'copy-path'));
  return [
    shareTexts.giveAway,
    '',
    ...pieces(lineOf(made), width).map((line) => paint(theme, 'key', line)),
    '',
    ...wrapped(shareTexts.copied(copyKey), width),
    ...(made.isOnlyHere
      ? ['', ...wrapped(shareTexts.onlyHere, width).map((line) => paint(theme, 'error', line))]
      : []),
    '',
    ...wrapped(shareTexts.endWith(sharesKey(state)), width),
  ];
}

/** All of an address, which has no blanks and one cell for each character. */
function pieces(line: string, width: number): string[] {
  return Array.from({ length: Math.ceil(line.length / width) }, (_, i) =>
    line.slice(i * width, (i + 1) * width),
  );
}

/** How many rows the list wants, with its frame. */
export function sharesHeight({ rows }: SharesDialog): number {
  return Math.max(1, (rows?.length ?? 0) * rowsEach) + 2;
}

/** Rows with their frame, exactly as wide and high as `size`. */
export function sharesRowsOf(state: AppState, dialog: SharesDialog, size: Size, look: Look): string[] {
  const { columns: width, rows: height } = size;
  const { rows, cursor } = dialog;
  const inner = width - 4;
  const shown = Math.max(1, Math.floor((height - 2) / rowsEach));
  const from = Math.max(0, Math.min(cursor - Math.floor(shown / 2), (rows?.length ?? 0) - shown));
  const lines = (rows ?? []).slice(from, from + shown).flatMap((row, i) => {
    const isHere = from + i === cursor;
    const came = row.kind === 'drop' ? shareTexts.dropBox : shareTexts.downloads(row.verified, row.downloads);
    const facts = [came, shareTexts.devices(row.devices), shareTexts.until(minute(row.expiresMs))];
    const name = fit(keepEnd(whatOf(row), inner, look.glyphs.ellipsis), inner);
    const below = fit(`  ${facts.join(' · ')}`, inner);
    return [
      ` ${isHere ? paint(look.theme, 'cursor', name) : name} `,
      ` ${isHere ? paint(look.theme, 'cursor', below) : paint(look.theme, 'dim', below)} `,
    ];
  });
  if (lines.length === 0) {
    const shareKey = keyName(keyOf(state.keymap, 'pane', 'share'));
    const words = rows === undefined ? shareTexts.reading : shareTexts.none(shareKey);
    lines.push(` ${paint(look.theme, 'dim', fit(words, inner))} `);
  }
  const endKey = keyName(keyOf(state.keymap, 'shares', 'forget'));
  const words = {
    topLeft: shareTexts.mine(serverWord(state, dialog.where ?? state.address)),
    bottomLeft: (rows?.length ?? 0) > 0 ? `${cursor + 1} of ${rows?.length}` : '',
    bottomRight: (rows?.length ?? 0) > 0 ? shareTexts.ends(endKey) : '',
  };
  return framed(look, true, { width, height }, words, lines);
}
