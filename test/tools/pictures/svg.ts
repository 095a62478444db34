/**
 * A terminal's screen as an SVG: text as text, frames and bars as shapes, so that it looks the same with any monospaced font. Called
 * by test/tools/pictures.
 */

import type { IBufferCell, Terminal } from '@xterm/headless';

const cellWidth = 8.4;
const cellHeight = 18;
const baseline = 13.5;
const margin = 14;

/** What a terminal shows where the program has not said anything. */
export type Ground = { readonly paper: string; readonly ink: string; readonly edge: string };

export const grounds: Readonly<Record<'dark' | 'light', Ground>> = {
  dark: { paper: '#101418', ink: '#d8dee4', edge: '#30363d' },
  light: { paper: '#fcfcfa', ink: '#24292f', edge: '#c8ccd1' },
};

const sixteen = [
  '#1c2128',
  '#cc3333',
  '#3fa34d',
  '#c9a227',
  '#3b74c9',
  '#a347ba',
  '#2aa1b3',
  '#d0d0d0',
  '#666666',
  '#ff6b6b',
  '#6bd67a',
  '#ffd866',
  '#6ea8ff',
  '#d58cff',
  '#5fd7e0',
  '#ffffff',
];

const hex = (...levels: readonly number[]): string =>
  `#${levels.map((level) => level.toString(16).padStart(2, '0')).join('')}`;

/** The palette of xterm. */
function colour(index: number): string {
  if (index < 16) return sixteen[index] ?? '#000000';
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return hex(grey, grey, grey);
  }
  const level = (n: number): number => (n === 0 ? 0 : 55 + 40 * n);
  const at = index - 16;
  return hex(level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6));
}

type Paint = { readonly ink: string; readonly paper: string | undefined; readonly bold: boolean };

function paintOf(cell: IBufferCell, { paper, ink }: Ground): Paint {
  const rgb = (value: number): string => hex((value >> 16) & 255, (value >> 8) & 255, value & 255);
  const front = cell.isFgDefault()
    ? undefined
    : cell.isFgRGB()
      ? rgb(cell.getFgColor())
      : colour(cell.getFgColor());
  const back = cell.isBgDefault()
    ? undefined
    : cell.isBgRGB()
      ? rgb(cell.getBgColor())
      : colour(cell.getBgColor());
  const bold = cell.isBold() !== 0;
  return cell.isInverse() !== 0
    ? { ink: back ?? paper, paper: front ?? ink, bold }
    : { ink: front ?? ink, paper: back, bold };
}

/** Which of its four sides a line character reaches: up, right, down, left. */
const lines: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '─': [0, 1, 0, 1],
  '│': [1, 0, 1, 0],
  '┌': [0, 1, 1, 0],
  '┐': [0, 0, 1, 1],
  '└': [1, 1, 0, 0],
  '┘': [1, 0, 0, 1],
};

const steps = '▁▂▃▄▅▆▇█';

const number = (value: number): string => String(Math.round(value * 100) / 100);

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Spans along one line, in order; what touches the last one makes it longer. */
type Spans = { from: number; to: number }[];

function extended(spans: Spans, from: number, to: number): Spans {
  const last = spans.at(-1);
  if (last !== undefined && Math.abs(last.to - from) < 0.01) last.to = to;
  else spans.push({ from, to });
  return spans;
}

class Drawing {
  readonly #ground: Ground;
  /** By colour, top and height. */
  readonly #boxes = new Map<string, Spans>();
  /** By colour, direction and place. */
  readonly #lines = new Map<string, Spans>();
  readonly #texts: string[] = [];

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  box(fill: string, x: number, y: number, width: number, height: number): void {
    const key = `${fill} ${number(y)} ${number(height)}`;
    this.#boxes.set(key, extended(this.#boxes.get(key) ?? [], x, x + width));
  }

  /** From left to right, or from top to bottom. */
  line(ink: string, way: 'across' | 'down', at: number, from: number, to: number): void {
    const key = `${ink} ${way} ${number(at)}`;
    this.#lines.set(key, extended(this.#lines.get(key) ?? [], from, to));
  }

  text(x: number, y: number, width: number, { ink, bold }: Paint, text: string): void {
    const fill = ink === this.#ground.ink ? '' : ` fill="${ink}"`;
    const weight = bold ? ' font-weight="700"' : '';
    const length = [...text].length > 1 ? ` textLength="${number(width)}"` : '';
    this.#texts.push(
      `<text x="${number(x)}" y="${number(y)}"${length}${fill}${weight}>${escaped(text)}</text>`,
    );
  }

  toString(): string {
    const boxes = byColour(this.#boxes, ({ from, to }, [y = '', height = '']) => {
      const width = number(to - from);
      return `M${number(from)} ${y}h${width}v${height}h-${width}z`;
    });
    const lines = byColour(this.#lines, ({ from, to }, [way, at = '']) =>
      way === 'across' ? `M${number(from)} ${at}H${number(to)}` : `M${at} ${number(from)}V${number(to)}`,
    );
    return [
      // Boxes that touch leave no line between them.
      '<g shape-rendering="crispEdges">',
      ...boxes.map(([fill, d]) => `<path fill="${fill}" d="${d}"/>`),
      '</g>',
      ...lines.map(([ink, d]) => `<path fill="none" stroke="${ink}" d="${d}"/>`),
      ...this.#texts,
    ].join('\n');
  }
}

/** One path for each colour. */
function byColour(
  all: ReadonlyMap<string, Spans>,
  path: (span: { from: number; to: number }, rest: readonly string[]) => string,
): [string, string][] {
  const paths = new Map<string, string>();
  for (const [key, spans] of all) {
    const [colour = '', ...rest] = key.split(' ');
    paths.set(colour, (paths.get(colour) ?? '') + spans.map((span) => path(span, rest)).join(''));
  }
  return [...paths];
}

/** The whole screen, `called` for those who cannot see it. */
export function svgOf(terminal: Terminal, ground: Ground, called: string): string {
  const { cols, rows } = terminal;
  const drawing = new Drawing(ground);
  for (let y = 0; y < rows; y++) drawRow(terminal, y, ground, drawing);
  const width = cols * cellWidth + 2 * margin;
  const height = rows * cellHeight + 2 * margin;
  const font = "'DejaVu Sans Mono','JetBrains Mono',Menlo,Consolas,monospace";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}" viewBox="0 0 ${number(width)} ${number(height)}" role="img">
<title>${escaped(called)}</title>
<rect x="0.5" y="0.5" width="${number(width - 1)}" height="${number(height - 1)}" rx="8" fill="${ground.paper}" stroke="${ground.edge}"/>
<g font-family="${font}" font-size="14" fill="${ground.ink}" xml:space="preserve">
${String(drawing)}
</g>
</svg>
`;
}

function drawRow(terminal: Terminal, y: number, ground: Ground, drawing: Drawing): void {
  const line = terminal.buffer.active.getLine(y);
  const top = margin + y * cellHeight;
  let run = '';
  let from = 0;
  let last: Paint | undefined;
  const flush = (end: number): void => {
    const text = run.trimEnd();
    const cells = end - from - (run.length - text.length);
    if (last !== undefined && text !== '')
      drawing.text(margin + from * cellWidth, top + baseline, cells * cellWidth, last, text);
    run = '';
  };
  for (let x = 0; x < terminal.cols; x++) {
    const cell = line?.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const paint = paintOf(cell, ground);
    const left = margin + x * cellWidth;
    const width = cellWidth * cell.getWidth();
    if (paint.paper !== undefined) drawing.box(paint.paper, left, top, width, cellHeight);
    const chars = cell.getChars() || ' ';
    const isShape = shape(chars, left, top, paint.ink, drawing);
    const isOwn = isShape || cell.getWidth() > 1 || chars.length > 1;
    const isOther = last !== undefined && (last.ink !== paint.ink || last.bold !== paint.bold);
    // Two blanks are cheaper left out than drawn.
    const isGap = run.endsWith('  ') && chars !== ' ';
    if (isOwn || isOther || isGap) flush(x);
    last = paint;
    if (isShape) continue;
    if (isOwn) drawing.text(left, top + baseline, width, paint, chars);
    else if (run !== '' || chars !== ' ') {
      if (run === '') from = x;
      run += chars;
    }
  }
  flush(terminal.cols);
}

/** What has to meet its neighbours is drawn. @returns whether it was such a character */
function shape(chars: string, left: number, top: number, ink: string, drawing: Drawing): boolean {
  const line = lines[chars];
  if (line !== undefined) {
    const [up, right, down, back] = line;
    const [x, y] = [left + cellWidth / 2, top + cellHeight / 2];
    if (right + back > 0)
      drawing.line(ink, 'across', y, back === 1 ? left : x, right === 1 ? left + cellWidth : x);
    if (up + down > 0) drawing.line(ink, 'down', x, up === 1 ? top : y, down === 1 ? top + cellHeight : y);
    return true;
  }
  const step = steps.indexOf(chars);
  if (step >= 0) {
    const height = (cellHeight * (step + 1)) / steps.length;
    drawing.box(ink, left, top + cellHeight - height, cellWidth, height);
    return true;
  }
  if (chars === '▀') {
    drawing.box(ink, left, top, cellWidth, cellHeight / 2);
    return true;
  }
  if (chars === '■') {
    drawing.box(ink, left + 0.7, top + cellHeight * 0.28, cellWidth - 1.4, cellHeight * 0.44);
    return true;
  }
  if (chars === '░') {
    drawing.box(ink, left, top + cellHeight * 0.35, cellWidth, cellHeight * 0.3);
    return true;
  }
  return false;
}
