/** The preview as rows of text: facts of what is under the cursor, and what is in it. Pure; UI thread. */

import { type Entry, EntryKind, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { rowsFrom } from '../../state/file-rows.ts';
import { previewTexts } from '../../state/file-texts.ts';
import type { Rect } from '../../state/layout.ts';
import type { Preview } from '../../state/preview.ts';
import { fit, fitName, padStart } from './cells.ts';
import { centred, framed, wrapped } from './frame-rows.ts';
import { pictureRows } from './picture-rows.ts';
import { type Look, paint } from './style.ts';
import { hexLines, textLines } from './viewer-rows.ts';
import { moment } from './when.ts';

const judgedBytes = 4096;
const sizeCells = 10;

export function previewRowsOf(preview: Preview, rect: Rect, look: Look): string[] {
  const { entry, where } = preview;
  const width = rect.width - 2;
  const height = rect.height - 2;
  const words = {
    topLeft: previewTexts.title(entry === undefined ? undefined : showName(entry.name)),
    bottomLeft: previewTexts.ofSide[where === '' ? 'local' : 'remote'],
  };
  const head = entry === undefined ? [] : [factsRow(entry, width, look), underFacts(preview, width, look)];
  const rows = [...head, ...contentRows(preview, { width, height: height - head.length }, look)];
  return framed(look, false, rect, words, rows);
}

const kinds: Readonly<Record<EntryKind, string>> = {
  [EntryKind.file]: previewTexts.kinds.file,
  [EntryKind.folder]: previewTexts.kinds.folder,
  [EntryKind.symlink]: previewTexts.kinds.link,
  [EntryKind.other]: previewTexts.kinds.other,
};

/** `rw-r--r--  1.2 kB  2026-10-09 08:53:20` */
function factsRow({ kind, size, modified, mode }: Entry, width: number, { theme }: Look): string {
  const what = kind === EntryKind.file ? prettyBytes(size) : kinds[kind];
  const bits = [...'rwxrwxrwx'].map((bit, i) => ((mode >> (8 - i)) & 1 ? bit : '-')).join('');
  return paint(theme, 'heading', fit(` ${what}  ${bits}  ${moment(timeToMs(modified))}`, width));
}

/** Of a picture what it is, of all else a blank row. */
function underFacts({ seen }: Preview, width: number, { theme }: Look): string {
  if (seen?.kind !== 'picture' || seen.picture === undefined) return ' '.repeat(width);
  const { fullWidth, fullHeight, format } = seen.picture;
  return paint(theme, 'heading', fit(` ${previewTexts.picture(fullWidth, fullHeight, format)}`, width));
}

type Room = { readonly width: number; readonly height: number };

function contentRows({ seen, error, isReading, entry }: Preview, room: Room, look: Look): string[] {
  const { width } = room;
  const said = (text: string, style: 'dim' | 'error'): string[] =>
    wrapped(text, width - 2).map((line) => paint(look.theme, style, centred(line, width)));
  if (error !== undefined) return said(error, 'error');
  if (seen === undefined) {
    if (isReading) return said(previewTexts.reading, 'dim');
    if (entry?.kind === EntryKind.symlink) return said(previewTexts.link, 'dim');
    return said(previewTexts.nothing, 'dim');
  }
  if (seen.kind === 'folder') return folderRows(seen.entries, seen.isWhole, room, look);
  if (seen.kind === 'picture' && seen.picture !== undefined) return pictureRows(seen.picture, room, look);
  if (seen.kind === 'picture') return said(seen.why ?? '', 'dim');
  if (seen.facts.size === 0) return said(previewTexts.empty, 'dim');
  const mode = seen.content.subarray(0, judgedBytes).includes(0) ? 'hex' : 'text';
  const span = { from: 0, bytes: seen.content };
  const shape = { mode, wrap: true, width, column: 0 } as const;
  // As if the file ended here: the head alone is shown.
  const { rows } = rowsFrom(span, seen.content.length, 0, room.height, shape);
  return mode === 'hex'
    ? hexLines(rows, span, undefined, seen.content.length, room, look)
    : textLines(rows, span, undefined, room, look);
}

function folderRows(
  entries: readonly Entry[],
  isWhole: boolean,
  room: Room,
  { theme, glyphs }: Look,
): string[] {
  const { width, height } = room;
  if (entries.length === 0) return [paint(theme, 'dim', centred(previewTexts.emptyFolder, width))];
  const rank = ({ kind }: Entry): number => (kind === EntryKind.folder ? 0 : 1);
  const sorted = entries.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const count = previewTexts.entries(entries.length, isWhole);
  const rows = sorted.slice(0, Math.max(0, height - 1)).map((entry) => {
    const isFolder = entry.kind === EntryKind.folder;
    const name = fitName(
      `${showName(entry.name)}${isFolder ? '/' : ''}`,
      width - sizeCells - 2,
      glyphs.ellipsis,
    );
    const size = entry.kind === EntryKind.file ? prettyBytes(entry.size) : '';
    return paint(theme, isFolder ? 'folder' : 'plain', ` ${name}${padStart(size, sizeCells)} `);
  });
  return [paint(theme, 'dim', fit(` ${count}`, width)), ...rows];
}
