/** A file that is looked at, as rows of text: its title, and the part of it that is seen. Pure; UI thread. */

import { type Shown, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { type BytePattern, placesIn } from '../../state/byte-pattern.ts';
import { hexBytes, type Row, type RowChar, type Span } from '../../state/file-rows.ts';
import { viewerTexts } from '../../state/file-texts.ts';
import { type Extent, shownRows, type Viewer } from '../../state/viewer.ts';
import { partOf } from '../../state/zoom.ts';
import { cells, fit } from './cells.ts';
import { keepEnd } from './frame-rows.ts';
import { pictureRows } from './picture-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';

/** Path, place and size: ` server: /log/app.log      37 %  12 MB of 50 GB  text`. */
export function viewerTitle(viewer: Viewer, extent: Extent, { theme, glyphs }: Look): string {
  const { where, path, shows, facts, wrap, mode } = viewer;
  const name = `${shows === 'listing' ? viewerTexts.inArchive : ''}${where === '' ? 'local' : 'server'}: /${showName(path.join('/'))}`;
  const words: string[] = [];
  const { picture } = viewer;
  if (picture !== undefined && facts !== undefined) {
    words.push(
      ...(viewer.zoom === undefined ? [] : [viewerTexts.closer(viewer.zoom.factor)]),
      viewerTexts.picture(picture.fullWidth, picture.fullHeight, picture.format),
      prettyBytes(facts.size),
    );
  } else if (facts !== undefined) {
    const end = shownRows(viewer, extent).at(-1)?.end ?? 0;
    words.push(`${facts.size === 0 ? 100 : Math.floor((end / facts.size) * 100)} %`);
    if (viewer.follows) words.push(viewerTexts.follows);
    if (shows === 'listing') words.push(viewerTexts.listing);
    else {
      words.push(viewerTexts.part(prettyBytes(end), prettyBytes(facts.size)));
      words.push(mode === 'hex' ? viewerTexts.hex : wrap ? viewerTexts.text : viewerTexts.cut(viewer.column));
    }
  }
  const right = ` ${words.join('  ')} `;
  const room = Math.max(0, extent.width - cells(right) - 1);
  return paint(
    theme,
    'title',
    fit(` ${fit(keepEnd(name, room, glyphs.ellipsis), room)}${right}`, extent.width),
  );
}

/** What is going on with the file, for the footer; undefined: nothing to tell. */
export function viewerNews(viewer: Viewer): { readonly text: Shown; readonly isError: boolean } | undefined {
  const { work, error, facts, reading } = viewer;
  if (error !== undefined) return { text: error, isError: true };
  if (work !== undefined) {
    if (work.kind === 'picture') return { text: viewerTexts.fetched(prettyBytes(work.at)), isError: false };
    const share = facts === undefined || facts.size === 0 ? 0 : Math.floor((work.at / facts.size) * 100);
    return {
      text: viewerTexts.worksAt(viewerTexts.works[work.kind], prettyBytes(work.at), share),
      isError: false,
    };
  }
  if (viewer.picture !== undefined) return undefined;
  if (viewer.span === undefined || (viewer.goal !== undefined && reading !== undefined)) {
    return { text: viewerTexts.reading, isError: false };
  }
  return undefined;
}

/** Exactly `height` rows of `width` cells. */
export function viewerRows(viewer: Viewer, extent: Extent, look: Look): string[] {
  const { picture, zoom } = viewer;
  if (picture !== undefined) return pictureRows(partOf(picture, zoom, extent), extent, look);
  const rows = shownRows(viewer, extent);
  const { span, mode, facts } = viewer;
  const lines =
    span === undefined
      ? []
      : mode === 'hex'
        ? hexLines(rows, span, viewer.pattern, facts?.size ?? 0, extent, look)
        : textLines(rows, span, viewer.pattern, extent, look);
  while (lines.length < extent.height) lines.push(' '.repeat(extent.width));
  return lines;
}

/** Whether a byte belongs to a place of what was searched for. */
function marker(
  rows: readonly Row[],
  { from, bytes }: Span,
  pattern: BytePattern | undefined,
): (at: number) => boolean {
  const [first] = rows;
  const last = rows.at(-1);
  if (pattern === undefined || first === undefined || last === undefined) return () => false;
  // A match may begin above the first row or end below the last one.
  const start = Math.max(from, first.at - pattern.bytes.length);
  const seen = bytes.subarray(start - from, last.end - from + pattern.bytes.length);
  const marked = new Set<number>();
  for (const place of placesIn(seen, pattern)) {
    for (let i = 0; i < pattern.bytes.length; i++) marked.add(start + place + i);
  }
  return (at) => marked.has(at);
}

export function textLines(
  rows: readonly Row[],
  span: Span,
  pattern: BytePattern | undefined,
  { width }: Extent,
  { theme }: Look,
): string[] {
  const isMarked = marker(rows, span, pattern);
  const styleOf = ({ at, isEscape }: RowChar): StyleName =>
    isMarked(at) ? 'markedCursor' : isEscape ? 'link' : 'plain';
  return rows.map(({ chars }) => {
    let line = '';
    let run = '';
    let style: StyleName = 'plain';
    let used = 0;
    for (const char of chars) {
      const next = styleOf(char);
      if (next !== style) {
        line += paint(theme, style, run);
        run = '';
        style = next;
      }
      run += char.text;
      used += char.cells;
    }
    return line + paint(theme, style, run) + ' '.repeat(Math.max(0, width - used));
  });
}

/** Offset, bytes, and what they are as text: `0000001f  68 65 …  he…`. */
export function hexLines(
  rows: readonly Row[],
  { from, bytes }: Span,
  pattern: BytePattern | undefined,
  size: number,
  { width }: Extent,
  { theme, glyphs }: Look,
): string[] {
  const isMarked = marker(rows, { from, bytes }, pattern);
  const perRow = hexBytes(width);
  const digits = Math.max(8, size.toString(16).length);
  return rows.map(({ at, end }) => {
    let hex = '';
    let text = '';
    for (let i = at; i < at + perRow; i++) {
      const gap = i === at ? '' : (i - at) % 8 === 0 ? '  ' : ' ';
      const byte = i < end ? bytes[i - from] : undefined;
      if (byte === undefined) {
        hex += `${gap}  `;
        text += ' ';
        continue;
      }
      const isText = byte >= 0x20 && byte < 0x7f;
      const style: StyleName = isMarked(i) ? 'markedCursor' : isText ? 'plain' : 'dim';
      hex += `${gap}${paint(theme, style, byte.toString(16).padStart(2, '0'))}`;
      text += paint(theme, style, isText ? String.fromCharCode(byte) : glyphs.dot);
    }
    const offset = at.toString(16).padStart(digits, '0');
    const used = digits + 2 + perRow * 3 + Math.floor((perRow - 1) / 8) - 1 + 2 + perRow;
    const line = `${paint(theme, 'heading', offset)}  ${hex}`;
    const isRoom = used <= width;
    const left = width - (isRoom ? used : used - 2 - perRow);
    return `${line}${isRoom ? `  ${text}` : ''}${' '.repeat(Math.max(0, left))}`;
  });
}
