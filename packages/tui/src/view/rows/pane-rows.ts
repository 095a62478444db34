/**
 * A pane as rows of text: frame, heading and the visible window of its entries. What is outside of the window costs
 * nothing. Pure; UI thread.
 */

import { type Entry, EntryKind, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Columns as ColumnSet, Rect } from '../../state/layout.ts';
import { isMarked } from '../../state/marks.ts';
import { type Pane, rowAt, rowCount } from '../../state/pane.ts';
import { panes } from '../../state/texts.ts';
import { fit, fitName } from './cells.ts';
import { cellsOf, columnsFor, headingOf, type PaneColumns } from './columns.ts';
import { centred, framed, wrapped } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';

export type PaneLook = {
  readonly look: Look;
  /** It has the keyboard. */
  readonly focused: boolean;
  readonly nowMs: number;
  /** What stands before the path in the frame. */
  readonly place: string;
  readonly set?: ColumnSet;
  /** Why what is shown may be old; undefined where it is not. */
  readonly away?: string | undefined;
};

export function paneRowsOf(
  pane: Pane,
  rect: Rect,
  { look, focused, nowMs, place, set = 'auto', away }: PaneLook,
): string[] {
  const width = rect.width - 2;
  const height = rect.height - 3;
  const columns = columnsFor(width, set);
  const rows = [paint(look.theme, 'heading', fit(headingOf(pane.sort, columns, look), width))];
  const rowLook = { width, columns, focused, nowMs, look, isOld: away !== undefined };
  const message = away !== undefined && pane.rows.length > 0 ? undefined : messageOf(pane);
  for (let i = pane.top; i < Math.min(pane.top + height, rowCount(pane)); i++) {
    const entry = rowAt(pane, i);
    const atCursor = i === pane.cursor;
    rows.push(
      entry === undefined ? parentRow(width, atCursor, focused, look) : entryRow(pane, entry, i, rowLook),
    );
  }
  if (message !== undefined) {
    rows.push(' '.repeat(width));
    for (const line of wrapped(message.text, width - 2))
      rows.push(paint(look.theme, message.style, centred(line, width)));
  }
  return framed(
    look,
    focused,
    rect,
    {
      topLeft: `${place}/${showName(pane.path.join('/'))}${foundWords(pane)}`,
      topRight:
        away ??
        ((pane.loading && pane.fresh === undefined) ||
        pane.ordering !== undefined ||
        pane.seeking !== undefined
          ? `${pane.arrived} …`
          : countWords(pane)),
      bottomLeft: bottomWords(pane, look),
      // Object storage knows no bounds.
      ...(pane.space === undefined || pane.space.total === 0
        ? {}
        : { bottomRight: panes.free(prettyBytes(pane.space.free)) }),
    },
    rows,
    frameOf(pane, focused),
  );
}

/** A server's files are never taken for those of this machine. */
function frameOf({ where }: Pane, focused: boolean): StyleName {
  if (where === '') return focused ? 'focusFrame' : 'frame';
  return focused ? 'serverFocusFrame' : 'serverFrame';
}

function foundWords({ found }: Pane): string {
  return found === undefined ? '' : panes.found(show(found.words));
}

function countWords({ filter, rows, sorted, pollMs, found }: Pane): string {
  const items = filter === '' ? panes.items(rows.length) : panes.someItems(rows.length, sorted.length);
  return (pollMs ?? 0) > 0 && found === undefined ? panes.polled(items, (pollMs ?? 0) / 1000) : items;
}

function bottomWords({ marks, markedRows, markedBytes, filter }: Pane, look: Look): string {
  const hidden = marks.size - markedRows;
  const words = [];
  if (filter !== '') words.push(`/${show(filter)}`);
  if (markedRows > 0) words.push(panes.marked(markedRows), prettyBytes(markedBytes));
  if (hidden > 0) words.push(panes.markedElsewhere(hidden));
  return words.join(` ${look.glyphs.dot} `);
}

function messageOf(pane: Pane): { text: string; style: StyleName } | undefined {
  if (pane.error !== undefined) return { text: pane.error, style: 'error' };
  if (pane.rows.length > 0) return undefined;
  if (pane.loading || pane.request === 0) return { text: panes.reading, style: 'dim' };
  if (pane.filter !== '' && pane.sorted.length > 0) return { text: panes.noneLike, style: 'dim' };
  return { text: panes.empty, style: 'dim' };
}

function parentRow(width: number, atCursor: boolean, focused: boolean, look: Look): string {
  return paint(look.theme, atCursor ? (focused ? 'cursor' : 'idleCursor') : 'folder', fit(' ..', width));
}

type RowLook = {
  readonly width: number;
  readonly columns: PaneColumns;
  readonly focused: boolean;
  readonly nowMs: number;
  readonly look: Look;
  readonly isOld: boolean;
};

function entryRow(
  pane: Pane,
  entry: Entry,
  row: number,
  { width, columns, focused, nowMs, look, isOld }: RowLook,
): string {
  const marked = isMarked(pane, row);
  const atCursor = row === pane.cursor;
  const compared = pane.compared === undefined ? '' : look.glyphs.differences[pane.compared.get(entry.name)];
  const suffix = entry.kind === EntryKind.folder ? '/' : entry.kind === EntryKind.symlink ? '@' : '';
  const name = fitName(
    `${showName(entry.name)}${suffix}`,
    columns.name - compared.length,
    look.glyphs.ellipsis,
  );
  const text = `${marked ? look.glyphs.mark : ' '}${compared}${name}${cellsOf(entry, columns, pane.sizes, nowMs)} `;
  const isDim = isOld && !atCursor && !marked;
  return paint(look.theme, isDim ? 'dim' : styleOf(entry, marked, atCursor, focused), fit(text, width));
}

function styleOf(entry: Entry, marked: boolean, atCursor: boolean, focused: boolean): StyleName {
  if (atCursor) return focused ? (marked ? 'markedCursor' : 'cursor') : 'idleCursor';
  if (marked) return 'marked';
  if (entry.kind === EntryKind.folder) return 'folder';
  if (entry.kind === EntryKind.symlink || entry.kind === EntryKind.other) return 'link';
  return entry.name.startsWith('.') ? 'hidden' : 'plain';
}
