/** Colours and signs of the screen, and which ones a terminal gets. Pure; used by the screen. */

export type StyleName =
  | 'title'
  | 'rule'
  | 'panel'
  | 'heading'
  | 'dim'
  | 'down'
  | 'up'
  | 'good'
  | 'warn'
  | 'error'
  | 'chosen'
  | 'rest'
  | 'key'
  | 'keyLabel';

/** SGR parameters by style. */
export type Theme = Readonly<Record<StyleName, string>>;

export type Glyphs = {
  readonly rule: string;
  readonly full: string;
  readonly rest: string;
  /** From nearly nothing to full. */
  readonly steps: readonly string[];
  readonly down: string;
  readonly up: string;
  readonly dot: string;
  readonly chosen: string;
  readonly ellipsis: string;
};

export type Look = { readonly theme: Theme; readonly glyphs: Glyphs; readonly hasColours: boolean };

const dark: Theme = {
  title: '1;38;5;231;48;5;24',
  rule: '38;5;240',
  panel: '1;38;5;75',
  heading: '38;5;246',
  dim: '38;5;246',
  down: '38;5;75',
  up: '38;5;114',
  good: '38;5;114',
  warn: '38;5;221',
  error: '38;5;203',
  chosen: '38;5;231;48;5;25',
  rest: '38;5;238',
  key: '38;5;231;48;5;238',
  keyLabel: '38;5;250',
};

/** For terminals with a light background. */
const light: Theme = {
  title: '1;38;5;231;48;5;25',
  rule: '38;5;248',
  panel: '1;38;5;25',
  heading: '38;5;241',
  dim: '38;5;243',
  down: '38;5;31',
  up: '38;5;28',
  good: '38;5;28',
  warn: '38;5;130',
  error: '38;5;160',
  chosen: '38;5;231;48;5;31',
  rest: '38;5;250',
  key: '38;5;231;48;5;241',
  keyLabel: '38;5;238',
};

const sixteen: Theme = {
  title: '1;37;44',
  rule: '36',
  panel: '1;36',
  heading: '36',
  dim: '',
  down: '36',
  up: '32',
  good: '32',
  warn: '33',
  error: '31',
  chosen: '7',
  rest: '',
  key: '7',
  keyLabel: '',
};

const mono: Theme = {
  title: '7',
  rule: '',
  panel: '1',
  heading: '',
  dim: '',
  down: '',
  up: '',
  good: '',
  warn: '1',
  error: '1',
  chosen: '7',
  rest: '',
  key: '7',
  keyLabel: '',
};

export const unicodeGlyphs: Glyphs = {
  rule: '─',
  // Bars below one another do not run together.
  full: '■',
  rest: '─',
  steps: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  down: '↓',
  up: '↑',
  dot: '·',
  chosen: '▸',
  ellipsis: '…',
};

/** For terminals that are not UTF-8. */
export const asciiGlyphs: Glyphs = {
  rule: '-',
  full: '#',
  rest: '.',
  steps: ['_', '.', ':', '-', '=', '+', '*', '#'],
  down: 'v',
  up: '^',
  dot: '-',
  chosen: '>',
  ellipsis: '~',
};

/** NO_COLOR goes before what the terminal says of itself. */
export function lookFor(env: NodeJS.ProcessEnv): Look {
  const term = env['TERM'] ?? '';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const isUtf8 = /utf-?8/i.test(locale) || (locale === '' && term !== 'linux');
  const hasColours = (env['NO_COLOR'] ?? '') === '' && !/^(vt\d+|.*-m|.*-mono)$/.test(term);
  // `0;15` is how some terminals say that they are black on white.
  const many = /;(7|15)$/.test(env['COLORFGBG'] ?? '') ? light : dark;
  const theme = /^(linux|ansi|cons25|.*-16color)/.test(term) ? sixteen : many;
  return { theme: hasColours ? theme : mono, glyphs: isUtf8 ? unicodeGlyphs : asciiGlyphs, hasColours };
}

/** Text in a style; the text is `Shown` or our own. */
export function paint({ theme }: Look, style: StyleName, text: string): string {
  const parameters = theme[style];
  return parameters === '' || text === '' ? text : `\x1b[${parameters}m${text}\x1b[0m`;
}
