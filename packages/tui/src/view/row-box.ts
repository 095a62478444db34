/**
 * A box that draws rows as they are given, and only those that changed. blessed would measure and cut each row again, with a
 * measure that counts a wide character beyond the basic plane, and every mark, as a cell of its own; and it would write every
 * cell of every box at each key. UI thread.
 *
 * Boxes lie on one another in the order in which they were made or brought to the front. Which rows were drawn over by what lies
 * below is what blessed notes itself: a line is dirty from its first changed cell until it goes to the terminal.
 */

import blessed, { type Widgets } from 'blessed';
import { charCells } from '../state/char-cells.ts';
import type { Rect } from '../state/layout.ts';

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
  clearRegion(left: number, right: number, top: number, bottom: number): void;
};

const escapeCode = 0x1b;
const reset = '\x1b[0m';
const mostKnown = 100;
const colour = /\[[\d;]*m/y;
/** A colour that is named by its red, green and blue. */
const directColour = /[34]8;2;/;
/** Stands behind a wide character; blessed passes over it. */
const behindWide = '\x03';

export class RowBox {
  readonly #canvas: Canvas;
  readonly #element: Widgets.BoxElement;
  #rect: Rect = { left: 0, top: 0, width: 0, height: 0 };
  #rows: readonly string[] = [];
  /** What was drawn last, and on what: after a change of size there are other lines. */
  #drawnRows: readonly string[] = [];
  #drawnOn: readonly Line[] = [];
  readonly #known = new Map<string, number>();

  constructor(screen: Widgets.Screen) {
    this.#canvas = screen as Widgets.Screen & Canvas;
    this.#element = blessed.box({ parent: screen, tags: false, left: 0, top: 0, width: 1, height: 1 });
    this.#element.render = () => {
      if (!this.#element.hidden) this.#draw();
      return undefined as never;
    };
  }

  get isShown(): boolean {
    return !this.#element.hidden;
  }

  place(rect: Rect): void {
    const { left, top, width, height } = this.#rect;
    if (rect.left === left && rect.top === top && rect.width === width && rect.height === height) return;
    this.#clear();
    this.#rect = rect;
  }

  /** Rows of exactly the box's width, styled by SGR sequences alone; missing ones are blank. */
  fill(rows: readonly string[]): void {
    this.#rows = rows;
  }

  show(): void {
    this.#element.hidden = false;
  }

  /** What lies below is seen again. */
  hide(): void {
    if (!this.isShown) return;
    this.#clear();
    this.#element.hidden = true;
  }

  /** For good; what lies below is seen again. */
  remove(): void {
    this.hide();
    this.#element.destroy();
  }

  /** Over all others. */
  front(): void {
    this.#element.setFront();
  }

  #clear(): void {
    const { left, top, width, height } = this.#rect;
    if (this.isShown) {
      this.#canvas.clearRegion(left, left + width, top, top + height);
      // Also those that it covered with blanks: what lies below them is to be drawn.
      for (const line of this.#canvas.lines.slice(top, top + height)) line.dirty = true;
    }
    this.#drawnRows = this.#drawnOn = [];
  }

  #draw(): void {
    const { top, height } = this.#rect;
    const { lines } = this.#canvas;
    const on = lines.slice(top, top + height);
    for (const [i, line] of on.entries()) {
      const row = this.#rows[i] ?? '';
      if (!line.dirty && this.#drawnOn[i] === line && this.#drawnRows[i] === row) continue;
      this.#drawRow(line, row);
    }
    this.#drawnRows = this.#rows;
    this.#drawnOn = on;
  }

  /** A theme has twenty of them; to take one apart costs as much as a row of cells. */
  #attributes(sequence: string, now: number): number {
    const usual = this.#canvas.dattr;
    if (sequence === reset) return usual;
    if (now !== usual) return this.#canvas.attrCode(sequence, now, usual);
    const found = this.#known.get(sequence);
    if (found !== undefined) return found;
    const made = this.#canvas.attrCode(sequence, now, usual);
    if (this.#known.size < mostKnown) this.#known.set(sequence, made);
    return made;
  }

  #drawRow(line: Line, row: string): void {
    const canvas = this.#canvas;
    const usual = canvas.dattr;
    const end = Math.min(line.length, this.#rect.left + this.#rect.width);
    let x = this.#rect.left;
    let attributes = usual;
    /** blessed knows 256 colours; a cell that has others brings them along, and leaves none behind. */
    let direct = '';
    for (let at = 0; at < row.length; ) {
      const code = row.charCodeAt(at);
      if (code === escapeCode) {
        colour.lastIndex = at + 1;
        const from = at;
        at += 1 + (colour.exec(row)?.[0].length ?? 0);
        if (at <= from + 1) continue;
        const sequence = row.slice(from, at);
        direct = directColour.test(sequence) ? sequence : '';
        attributes = direct === '' ? this.#attributes(sequence, attributes) : usual;
        continue;
      }
      const isPair = code >= 0xd800 && code < 0xdc00 && at + 1 < row.length;
      const char = isPair ? row.slice(at, at + 2) : row.charAt(at);
      at += char.length;
      // Nothing that a terminal acts on gets here; if it did, it would not get there.
      if (code < 0x20 || (code >= 0x7f && code < 0xa0)) continue;
      const wide = code < 0x300 ? 1 : charCells(char);
      if (wide === 0) {
        const before = line[x - 1];
        if (canvas.fullUnicode && before !== undefined && x > this.#rect.left) append(line, before, char);
        continue;
      }
      if (x + wide > end) break;
      if (!canvas.fullUnicode && (wide === 2 || isPair)) {
        for (let i = 0; i < wide; i++) set(line, x++, attributes, '?');
        continue;
      }
      set(line, x++, attributes, direct === '' ? char : `${direct}${char}${reset}`);
      if (wide === 2) set(line, x++, attributes, behindWide);
    }
    while (x < end) set(line, x++, usual, ' ');
  }
}

function set(line: Line, x: number, attributes: number, text: string): void {
  const cell = line[x];
  if (cell === undefined || (cell[0] === attributes && cell[1] === text)) return;
  cell[0] = attributes;
  cell[1] = text;
  line.dirty = true;
}

/** A mark goes with the letter before it. */
function append(line: Line, cell: Cell, mark: string): void {
  // A colour that a cell brings along ends behind its marks.
  const isDirect = cell[1].endsWith(reset);
  cell[1] = isDirect ? `${cell[1].slice(0, -reset.length)}${mark}${reset}` : cell[1] + mark;
  line.dirty = true;
}
