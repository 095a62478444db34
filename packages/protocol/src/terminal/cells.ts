/**
 * Text measured in terminal cells: how wide it is, and cut or padded to a width. The same width table as the
 * renderers'. Pure.
 */

import { charCells } from './char-cells.ts';

const ascii = /^[\x20-\x7e]*$/;

export function cells(text: string): number {
  if (ascii.test(text)) return text.length;
  let sum = 0;
  for (const char of text) sum += charCells(char);
  return sum;
}

/** The longest beginning that fits; may be one cell short where a wide character would stick out. */
export function cutEnd(text: string, width: number): string {
  if (ascii.test(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  let end = 0;
  for (const char of text) {
    used += charCells(char);
    if (used > width) break;
    end += char.length;
  }
  return text.slice(0, end);
}

/** The longest end that fits, never beginning with a mark that belongs to what was cut off. */
export function cutStart(text: string, width: number): string {
  const chars = [...text];
  let used = 0;
  let from = chars.length;
  while (from > 0) {
    used += charCells(chars[from - 1] ?? '');
    if (used > width) break;
    from -= 1;
  }
  while (from < chars.length && charCells(chars[from] ?? '') === 0) from += 1;
  return chars.slice(from).join('');
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cells(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - cells(text))) + text;
}

/** Exactly `width` cells; what does not fit is cut at the end. */
export function fit(text: string, width: number): string {
  return padEnd(cells(text) <= width ? text : cutEnd(text, width), width);
}

/** As {@link fit}, with a sign where something was cut. */
export function fitText(text: string, width: number, ellipsis = '…'): string {
  if (width < 1 || cells(text) <= width) return fit(text, width);
  return padEnd(cutEnd(text, width - 1) + ellipsis, width);
}

/** Exactly `width` cells; what does not fit is cut in the middle, so that the end of a name (its extension) stays. */
export function fitName(text: string, width: number, ellipsis = '…'): string {
  if (cells(text) <= width) return padEnd(text, width);
  const end = Math.min(10, Math.floor((width - 1) / 3));
  const tail = cutStart(text, end);
  return padEnd(cutEnd(text, width - 1 - cells(tail)) + ellipsis + tail, width);
}
