/** A frame around rows of text, with words in its upper and lower edge. Pure; UI thread. */

import { cells, cutEnd, cutStart, fit } from './cells.ts';
import { type Look, paint, type StyleName } from './style.ts';

export type FrameWords = {
  /** Cut from the left where it does not fit: the end of a path says more than its beginning. */
  readonly topLeft?: string;
  readonly topRight?: string;
  readonly bottomLeft?: string;
  readonly bottomRight?: string;
};

function edge(
  look: Look,
  style: StyleName,
  width: number,
  ends: readonly [string, string],
  left: string,
  right: string,
): string {
  const { line } = look.glyphs;
  const room = Math.max(0, width - 2);
  const rightText = right === '' || cells(right) + 4 > room ? '' : ` ${right} ${line}`;
  const leftRoom = room - cells(rightText) - 4;
  const leftText =
    left === '' || leftRoom < 3 ? '' : `${line} ${keepEnd(left, leftRoom, look.glyphs.ellipsis)} `;
  const fill = line.repeat(Math.max(0, room - cells(leftText) - cells(rightText)));
  return paint(look.theme, style, `${ends[0]}${leftText}${fill}${rightText}${ends[1]}`);
}

/** At most `width` cells; what does not fit is cut at the beginning. */
export function keepEnd(text: string, width: number, ellipsis: string): string {
  return cells(text) <= width ? text : ellipsis + cutStart(text, width - 1);
}

/**
 * `rows` are exactly width - 2 cells each already and may be styled; missing ones are blank, too many are left out.
 * @returns `height` rows
 */
export function framed(
  look: Look,
  focused: boolean,
  size: { width: number; height: number },
  words: FrameWords,
  rows: readonly string[],
  style: StyleName = focused ? 'focusFrame' : 'frame',
): string[] {
  const { width, height } = size;
  const { corners, side } = look.glyphs;
  const bar = paint(look.theme, style, side);
  const blank = ' '.repeat(Math.max(0, width - 2));
  const lines = [
    edge(look, style, width, [corners[0], corners[1]], words.topLeft ?? '', words.topRight ?? ''),
  ];
  for (let i = 0; i < height - 2; i++) lines.push(`${bar}${rows[i] ?? blank}${bar}`);
  lines.push(
    edge(look, style, width, [corners[2], corners[3]], words.bottomLeft ?? '', words.bottomRight ?? ''),
  );
  return lines;
}

/** Words broken into lines of at most `width` cells. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cells(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (cells(line) > width) {
      const piece = cutEnd(line, width);
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

export function centred(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - cells(text)) / 2));
  return fit(`${' '.repeat(left)}${text}`, width);
}
