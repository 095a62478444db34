/** The bar of all jobs, on the canvas of blessed-contrib's gauge. Loaded late. UI thread. */

import type { Widgets } from 'blessed';
import gauge from 'blessed-contrib/lib/widget/gauge.js';
import type { Rect } from '../state/layout.ts';
import type { Theme } from './rows/style.ts';

/** Its types leave out what is drawn on, and that a line is dirty once something below has changed. */
type Lines = readonly { readonly dirty: boolean }[];

/** A number of the 256 colours, or the name of one of the first eight, which every terminal has. */
type Colour = number | string;

/** Those of a theme; undefined: what is not done yet is not drawn. */
type Colours = { readonly bar: Colour; readonly rest: Colour | undefined };

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

function colourOf(sgr: string): Colour | undefined {
  const number = /38;5;(\d+)/.exec(sgr)?.[1];
  if (number !== undefined) return Number(number);
  const [, bright, digit] = /(?:^|;)([39])([0-7])$/.exec(sgr) ?? [];
  if (digit === undefined) return undefined;
  return bright === '9' ? 8 + Number(digit) : names[Number(digit)];
}

type Drawn = Widgets.BoxElement & {
  setPercent: (percent: number) => void;
  canvasSize: { width: number; height: number };
  ctx: {
    strokeStyle: Colour;
    clearRect: (x: number, y: number, width: number, height: number) => void;
    fillRect: (x: number, y: number, width: number, height: number) => void;
  };
};

export class Gauge {
  readonly #screen: Widgets.Screen;
  #widget: Drawn | undefined;
  #share = 0;
  #rect: Rect | undefined;
  #theme: Theme | undefined;
  #colours: Colours = { bar: 'blue', rest: undefined };
  /** What it was drawn on; none where what it shows has changed since. */
  #drawnOn: Lines = [];

  constructor(screen: Widgets.Screen) {
    this.#screen = screen;
  }

  /** undefined: nowhere. Its canvas has the size that it was made with, so it is made anew. @returns whether it was */
  place(rect: Rect | undefined, theme: Theme): boolean {
    const isAsBefore = rect !== undefined && isSame(this.#rect, rect) && theme === this.#theme;
    if (this.#widget !== undefined && isAsBefore) return false;
    this.#rect = rect;
    this.#theme = theme;
    this.#colours = { bar: colourOf(theme.bar) ?? 'blue', rest: colourOf(theme.barRest) };
    this.#widget?.destroy();
    this.#drawnOn = [];
    this.#widget = undefined;
    if (rect === undefined) return false;
    const widget = gauge({ ...rect, percent: 0 }) as Drawn;
    // It keeps three cells for a frame, and draws its label over the bar in one colour for all themes.
    (widget as unknown as { calcSize: () => void }).calcSize = () => {
      widget.canvasSize = { width: rect.width, height: rect.height };
    };
    widget.setPercent = () => this.#drawBar(widget);
    this.#widget = widget;
    // Not by `parent`: its canvas is made when it is appended, by a handler that does not exist before.
    this.#screen.append(widget);
    this.#drawIfChanged(widget);
    return true;
  }

  /** 0…1. */
  show(share: number): void {
    if (share === this.#share) return;
    this.#share = share;
    if (this.#widget === undefined) return;
    this.#drawBar(this.#widget);
    this.#drawnOn = [];
  }

  #drawBar({ ctx, canvasSize: { width, height } }: Drawn): void {
    const full = Math.round(this.#share * width);
    const { bar, rest } = this.#colours;
    ctx.clearRect(0, 0, width, height);
    if (rest !== undefined && full < width) {
      ctx.strokeStyle = rest;
      ctx.fillRect(full, 0, width - full, height);
    }
    if (full === 0) return;
    ctx.strokeStyle = bar;
    ctx.fillRect(0, 0, full, height);
  }

  /** By itself it would draw all of its canvas at each key. */
  #drawIfChanged(widget: Widgets.BoxElement): void {
    const draw = widget.render.bind(widget);
    widget.render = () => {
      const { lines } = this.#screen as Widgets.Screen & { lines: Lines };
      const on = lines.slice(Number(widget.atop), Number(widget.atop) + Number(widget.height));
      const isDrawn =
        this.#drawnOn.length > 0 && on.every((line, i) => line === this.#drawnOn[i] && !line.dirty);
      this.#drawnOn = on;
      return isDrawn ? (undefined as never) : draw();
    };
  }
}

function isSame(a: Rect | undefined, b: Rect): boolean {
  return a?.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}
