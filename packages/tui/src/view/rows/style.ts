/** Names of styles, and what frames and bars are drawn with. Pure; UI thread. */

import type { Difference } from '../../state/compare.ts';

export type StyleName =
  | 'plain'
  | 'title'
  | 'frame'
  | 'focusFrame'
  | 'serverFrame'
  | 'serverFocusFrame'
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
  /** A line to type in, and what it says while it is empty. */
  | 'field'
  | 'fieldHint'
  | 'key'
  | 'keyLabel'
  | 'notice';

/** SGR parameters by style; one file each in themes/. */
export type Theme = Readonly<Record<StyleName, string>>;

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
  /** From one server to another. */
  readonly across: string;
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
  // Bars below one another do not run together.
  full: '■',
  rest: '─',
  steps: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  mark: '•',
  ellipsis: '…',
  down: '↓',
  up: '↑',
  across: '→',
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
  across: '>',
  done: 'ok',
  failed: 'x',
  dot: '-',
  most: '<=',
  differences: { only: '+', newer: '>', older: '<', differs: '!', same: '=' },
  bookmark: '*',
};

/** How many colours a picture may have: any (24 bits), 256, 16, or only the one that text has. */
export type Colours = 'any' | '256' | '16' | 'one';

export type Look = {
  readonly theme: Theme;
  readonly glyphs: Glyphs;
  /** For pictures; the theme has its own. undefined: 256. */
  readonly colours?: Colours;
  /** The terminal shows pictures itself. */
  readonly hasImages?: boolean;
};
