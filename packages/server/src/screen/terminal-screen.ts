/**
 * The terminal of the server's screen: taken over at the start and given back on every way out. The one file of the server that knows
 * blessed and blessed-contrib. The screen's process.
 */

import { charCells } from '@ferry/protocol/terminal/char-cells';
import blessed, { type Widgets } from 'blessed';
import line from 'blessed-contrib/lib/widget/charts/line.js';
import { labelEvery } from './chart-data.ts';
import type { Frame } from './frame.ts';
import type { Rect, Size } from './layout.ts';
import { type Look, unicodeGlyphs } from './look.ts';

/** What a cell of the terminal is to show, and a line of them; blessed compares them with what it shows. */
type Cell = [attributes: number, text: string];
type Line = Cell[] & { dirty: boolean };

/** Its types leave out what is drawn on. */
type Canvas = {
  readonly lines: readonly Line[];
  readonly fullUnicode: boolean;
  /** Attributes of text without any. */
  readonly dattr: number;
  attrCode(sequence: string, now: number, usual: number): number;
};

type Chart = ReturnType<typeof line>;

/** Terminals whose own description blessed must use; it cannot read the newer format of most others. */
const plain = /^(linux|vt\d+|ansi|cons25)/;
/** Stands behind a wide character; blessed passes over it. */
const behindWide = '\x03';
const escapeSign = '\x1b';
const colour = /\[[\d;]*m/y;

export type TerminalStreams = {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
};

export type KeyPress = { readonly key: string; readonly text: string | undefined };

export class TerminalScreen {
  readonly #screen: Widgets.Screen;
  /** Draws all but the chart. */
  readonly #box: Widgets.BoxElement;
  #rows: readonly string[] = [];
  #chart: { readonly widget: Chart; readonly rect: Rect } | undefined;
  #hasLeft = false;

  constructor(streams: TerminalStreams, env: NodeJS.ProcessEnv, look: Look) {
    // Line drawing as characters, not by switching the character set.
    process.env['NCURSES_NO_UTF8_ACS'] = '1';
    teachWidths();
    const term = env['TERM'] ?? '';
    const isUnicode = look.glyphs === unicodeGlyphs;
    this.#screen = blessed.screen({
      ...streams,
      terminal: plain.test(term) ? term : 'xterm-256color',
      fullUnicode: isUnicode,
      forceUnicode: isUnicode,
      smartCSR: false,
      autoPadding: false,
      warnings: false,
      resizeTimeout: 50,
      title: 'ferryd',
    });
    this.#screen.program.hideCursor();
    this.#box = blessed.box({ parent: this.#screen, tags: false, left: 0, top: 0, width: 1, height: 1 });
    this.#box.render = () => {
      this.#drawRows();
      return undefined as never;
    };
  }

  get size(): Size {
    return { columns: Number(this.#screen.width), rows: Number(this.#screen.height) };
  }

  onKey(listener: (press: KeyPress) => void): void {
    this.#screen.on('keypress', (char: string | undefined, key: Widgets.Events.IKeyEventArg) => {
      // What is typed; of Enter both of its names come, and one is enough.
      const isTyped = char !== undefined && /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u.test(char) && !key.ctrl && !key.meta;
      if (isTyped) listener({ key: char, text: char });
      else if (key.full !== undefined && key.full !== 'return') listener({ key: key.full, text: undefined });
    });
  }

  onSize(listener: () => void): void {
    this.#screen.on('resize', listener);
  }

  draw({ rows, chart }: Frame): void {
    if (this.#hasLeft) return;
    this.#rows = rows;
    this.#drawChart(chart);
    this.#screen.render();
  }

  /** Gives the terminal back as it was. Idempotent. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#screen.program.showCursor();
    this.#screen.destroy();
  }

  #drawChart(chart: Frame['chart']): void {
    if (chart === undefined || (this.#chart !== undefined && !isSame(this.#chart.rect, chart.rect))) {
      this.#chart?.widget.destroy();
      this.#chart = undefined;
    }
    if (chart === undefined) return;
    const { rect, data } = chart;
    // Its canvas has the size that it was made with.
    this.#chart ??= { rect, widget: this.#newChart(rect) };
    const { widget } = this.#chart;
    widget.options.maxY = data.most;
    widget.setData([
      { x: data.labels, y: data.up, style: { line: 'green' } },
      { x: data.labels, y: data.down, style: { line: 'cyan' } },
    ]);
  }

  #newChart({ left, top, width, height }: Rect): Chart {
    const style = { line: 'cyan', text: 'white', baseline: 'blue' };
    const widget = line({
      left,
      top,
      // It leaves some cells at its right empty, and two rows below.
      width: width + 4,
      height: height + 2,
      style,
      showNthLabel: labelEvery,
      xLabelPadding: 3,
      xPadding: 9,
      numYLabels: Math.max(2, Math.floor(height / 3)),
      maxY: 1,
      wholeNumbersOnly: false,
    });
    // Not by `parent`: its canvas is made when it is appended, by a handler that does not exist before.
    this.#screen.append(widget);
    this.#box.setFront();
    return widget;
  }

  #drawRows(): void {
    const canvas = this.#screen as Widgets.Screen & Canvas;
    const rect = this.#chart?.rect;
    for (const [y, to] of canvas.lines.entries()) {
      const isChart = rect !== undefined && y >= rect.top && y < rect.top + rect.height;
      drawRow(canvas, to, this.#rows[y] ?? '', isChart ? rect : undefined);
    }
  }
}

/** @param hole is left as it is */
function drawRow(canvas: Canvas, to: Line, row: string, hole: Rect | undefined): void {
  const set = (x: number, attributes: number, text: string): void => {
    const cell = to[x];
    if (cell === undefined || (hole !== undefined && x >= hole.left && x < hole.left + hole.width)) return;
    cell[0] = attributes;
    cell[1] = text;
  };
  let attributes = canvas.dattr;
  let x = 0;
  for (let at = 0; at < row.length && x < to.length; ) {
    colour.lastIndex = at + 1;
    const sequence = row[at] === escapeSign ? colour.exec(row)?.[0] : undefined;
    if (sequence !== undefined) {
      at += 1 + sequence.length;
      attributes = canvas.attrCode(`${escapeSign}${sequence}`, attributes, canvas.dattr);
      continue;
    }
    const char = String.fromCodePoint(row.codePointAt(at) ?? 0x20);
    at += char.length;
    // Nothing that a terminal acts on gets here; if it did, it would not get there.
    if (/^\p{Cc}$/u.test(char)) continue;
    const wide = charCells(char);
    const before = to[x - 1];
    if (wide === 0) {
      if (canvas.fullUnicode && before !== undefined) before[1] += char;
      continue;
    }
    const text = canvas.fullUnicode || (wide === 1 && char.length === 1) ? char : '?';
    set(x++, attributes, text);
    if (wide === 2 && x < to.length) set(x++, attributes, text === '?' ? '?' : behindWide);
  }
  while (x < to.length) set(x++, canvas.dattr, ' ');
  to.dirty = true;
}

/** Gives blessed today's character widths: its own table is of 2013, and with it every emoji shifts its row. */
function teachWidths(): void {
  // The types do not know this part of blessed.
  const { unicode } = blessed as unknown as {
    unicode: { charWidth: (text: string | number, at?: number) => number };
  };
  unicode.charWidth = (text, at = 0) => {
    const point = typeof text === 'number' ? text : (text.codePointAt(at) ?? 0);
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ? 0 : charCells(String.fromCodePoint(point));
  };
}

function isSame(a: Rect, b: Rect): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}
