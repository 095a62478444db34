/**
 * Names of styles, and how each is said to the terminal. Pure; UI thread. Monochrome says everything with bold, underline
 * and inverse alone.
 */

import type { Difference } from '../../state/compare.ts';

export type StyleName =
  | 'plain'
  | 'title'
  | 'frame'
  | 'focusFrame'
  | 'heading'
  | 'folder'
  | 'link'
  | 'hidden'
  | 'marked'
  | 'cursor'
  | 'idleCursor'
  | 'markedCursor'
  | 'dim'
  | 'error'
  | 'good'
  | 'bar'
  | 'barRest'
  | 'key'
  | 'keyLabel'
  | 'notice';

/** SGR parameters by style. */
export type Theme = Readonly<Record<StyleName, string>>;

export const colours: Theme = {
  plain: '',
  title: '1;38;5;231;48;5;24',
  frame: '38;5;242',
  focusFrame: '38;5;75',
  heading: '38;5;246',
  folder: '1;38;5;75',
  link: '38;5;80',
  hidden: '38;5;246',
  marked: '1;38;5;221',
  cursor: '38;5;231;48;5;25',
  idleCursor: '48;5;237',
  markedCursor: '1;38;5;221;48;5;25',
  dim: '38;5;246',
  error: '38;5;203',
  good: '38;5;114',
  bar: '38;5;75',
  barRest: '38;5;238',
  key: '38;5;231;48;5;238',
  keyLabel: '38;5;250',
  notice: '38;5;221',
};

export const monochrome: Theme = {
  plain: '',
  title: '7',
  frame: '',
  focusFrame: '1',
  heading: '',
  folder: '1',
  link: '4',
  hidden: '',
  marked: '1;4',
  cursor: '7',
  idleCursor: '4',
  markedCursor: '1;7',
  dim: '',
  error: '1',
  good: '',
  bar: '',
  barRest: '',
  key: '7',
  keyLabel: '',
  notice: '1',
};

/** Text in a style; the text is `Shown` or our own. */
export function paint(theme: Theme, style: StyleName, text: string): string {
  const parameters = theme[style];
  return parameters === '' || text === '' ? text : `\x1b[${parameters}m${text}\x1b[0m`;
}

/** What frames and bars are drawn with. */
export type Glyphs = {
  readonly line: string;
  readonly side: string;
  /** Top left, top right, bottom left, bottom right. */
  readonly corners: readonly [string, string, string, string];
  readonly full: string;
  readonly rest: string;
  /** From nearly nothing to full, for graphs. */
  readonly steps: readonly string[];
  readonly mark: string;
  readonly ellipsis: string;
  readonly down: string;
  readonly up: string;
  readonly done: string;
  readonly failed: string;
  readonly dot: string;
  /** At most. */
  readonly most: string;
  /** One cell each. */
  readonly differences: Readonly<Record<Difference, string>>;
  readonly bookmark: string;
};

export const unicodeGlyphs: Glyphs = {
  line: '─',
  side: '│',
  corners: ['┌', '┐', '└', '┘'],
  full: '█',
  rest: '░',
  steps: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  mark: '•',
  ellipsis: '…',
  down: '↓',
  up: '↑',
  done: '✓',
  failed: '✗',
  dot: '·',
  most: '≤',
  differences: { only: '+', newer: '>', older: '<', differs: '≠', same: '=' },
  bookmark: '★',
};

/** For terminals that are not UTF-8. */
export const asciiGlyphs: Glyphs = {
  line: '-',
  side: '|',
  corners: ['+', '+', '+', '+'],
  full: '#',
  rest: '.',
  steps: ['_', '.', ':', '-', '=', '+', '*', '#'],
  mark: '*',
  ellipsis: '~',
  down: 'v',
  up: '^',
  done: 'ok',
  failed: 'x',
  dot: '-',
  most: '<=',
  differences: { only: '+', newer: '>', older: '<', differs: '!', same: '=' },
  bookmark: '*',
};

export type Look = { readonly theme: Theme; readonly glyphs: Glyphs };
