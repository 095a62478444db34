/**
 * A pane as rows of text: frame, heading and the visible window of its entries. What is outside of the window costs
 * nothing. Pure; UI thread.
 */

import { type Entry, EntryKind, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Rect } from '../../state/layout.ts';
import { headRows, type Pane, rowCount, type SortBy } from '../../state/pane.ts';
import { fit, fitName, padStart } from './cells.ts';
import { centred, framed, wrapped } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { when, whenCells } from './when.ts';

const sizeCells = 9;
/** Below this a pane has no room for times. */
const widthForTimes = 34;

export type PaneLook = {
  readonly look: Look;
  /** It has the keyboard. */
  readonly focused: boolean;
  readonly nowMs: number;
  /** What stands before the path in the frame. */
  readonly place: string;
};

export function paneRowsOf(pane: Pane, rect: Rect, { look, focused, nowMs, place }: PaneLook): string[] {
  const width = rect.width - 2;
  const height = rect.height - 3;
  const rows = [heading(pane, width, look)];
  const message = messageOf(pane);
  const head = headRows(pane);
  for (let i = pane.top; i < Math.min(pane.top + height, rowCount(pane)); i++) {
    const entry = pane.rows[i - head];
    const atCursor = i === pane.cursor;
    rows.push(
      entry === undefined
        ? parentRow(width, atCursor, focused, look)
        : entryRow(pane, entry, width, { atCursor, focused, nowMs, look }),
    );
  }
  if (message !== undefined) {
    rows.push(' '.repeat(width));
    for (const line of wrapped(message.text, width - 2))
      rows.push(paint(look.theme, message.style, centred(line, width)));
  }
  const marks = pane.marks.size;
  return framed(
    look,
    focused,
    rect,
    {
      topLeft: `${place}/${showName(pane.path.join('/'))}`,
      topRight:
        pane.loading && pane.fresh === undefined ? `${pane.entries.length} …` : `${pane.rows.length} items`,
      ...(marks > 0
        ? { bottomLeft: `${marks} marked ${look.glyphs.dot} ${prettyBytes(pane.markedBytes)}` }
        : {}),
      ...(pane.space === undefined ? {} : { bottomRight: `${prettyBytes(pane.space.free)} free` }),
    },
    rows,
  );
}

function messageOf(pane: Pane): { text: string; style: StyleName } | undefined {
  if (pane.error !== undefined) return { text: pane.error, style: 'error' };
  if (pane.rows.length > 0) return undefined;
  return { text: pane.loading || pane.request === 0 ? 'reading…' : 'nothing here', style: 'dim' };
}

function columnsOf(width: number): { name: number; times: boolean } {
  const times = width >= widthForTimes;
  return { name: Math.max(1, width - 2 - sizeCells - (times ? whenCells + 1 : 0)), times };
}

const titles: Readonly<Record<SortBy, string>> = { name: 'Name', size: 'Size', modified: 'Modified' };

function heading(pane: Pane, width: number, look: Look): string {
  const { name, times } = columnsOf(width);
  const { by, reverse } = pane.sort;
  const title = (column: SortBy): string =>
    column === by
      ? `${column === 'modified' ? 'Time' : titles[column]}${reverse ? look.glyphs.up : look.glyphs.down}`
      : column === 'modified'
        ? 'Time'
        : titles[column];
  const text = ` ${fit(title('name'), name)}${padStart(title('size'), sizeCells)}${times ? padStart(title('modified'), whenCells + 1) : ''} `;
  return paint(look.theme, 'heading', fit(text, width));
}

function parentRow(width: number, atCursor: boolean, focused: boolean, look: Look): string {
  return paint(look.theme, atCursor ? (focused ? 'cursor' : 'idleCursor') : 'folder', fit(' ..', width));
}

type RowLook = {
  readonly atCursor: boolean;
  readonly focused: boolean;
  readonly nowMs: number;
  readonly look: Look;
};

function entryRow(
  pane: Pane,
  entry: Entry,
  width: number,
  { atCursor, focused, nowMs, look }: RowLook,
): string {
  const columns = columnsOf(width);
  const marked = pane.marks.has(entry.name);
  const isFolder = entry.kind === EntryKind.folder;
  const suffix = isFolder ? '/' : entry.kind === EntryKind.symlink ? '@' : '';
  const name = fitName(`${showName(entry.name)}${suffix}`, columns.name, look.glyphs.ellipsis);
  const size = padStart(
    isFolder ? 'dir' : entry.kind === EntryKind.file ? prettyBytes(entry.size) : '',
    sizeCells,
  );
  const time = columns.times ? padStart(when(entry.modified, nowMs), whenCells + 1) : '';
  const text = fit(`${marked ? look.glyphs.mark : ' '}${name}${size}${time} `, width);
  return paint(look.theme, styleOf(entry, marked, atCursor, focused), text);
}

function styleOf(entry: Entry, marked: boolean, atCursor: boolean, focused: boolean): StyleName {
  if (atCursor) return focused ? (marked ? 'markedCursor' : 'cursor') : 'idleCursor';
  if (marked) return 'marked';
  if (entry.kind === EntryKind.folder) return 'folder';
  if (entry.kind === EntryKind.symlink || entry.kind === EntryKind.other) return 'link';
  return entry.name.startsWith('.') ? 'hidden' : 'plain';
}
