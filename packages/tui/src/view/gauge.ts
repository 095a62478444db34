/** The gauge of all jobs, blessed-contrib's. Loaded late. UI thread. */

import type { Widgets } from 'blessed';
import gauge from 'blessed-contrib/lib/widget/gauge.js';
import type { Rect } from '../state/layout.ts';

/** Its types leave out what is drawn on, and that a line is dirty once something below has changed. */
type Lines = readonly { readonly dirty: boolean }[];

export class Gauge {
  readonly #screen: Widgets.Screen;
  #widget: (Widgets.BoxElement & { setPercent: (percent: number) => void }) | undefined;
  #percent = 0;
  #frame: Rect | undefined;
  /** What it was drawn on; none where what it shows has changed since. */
  #drawnOn: Lines = [];

  constructor(screen: Widgets.Screen) {
    this.#screen = screen;
  }

  /** Inside of the frame; undefined: nowhere. Its canvas has the size that it was made with, so it is made anew. */
  place(frame: Rect | undefined): void {
    if (this.#widget !== undefined && frame !== undefined && isSame(this.#frame, frame)) return;
    this.#frame = frame;
    this.#widget?.destroy();
    this.#drawnOn = [];
    this.#widget = undefined;
    if (frame === undefined) return;
    this.#widget = gauge({
      left: frame.left + 1,
      top: frame.top + 1,
      width: frame.width - 2,
      height: frame.height - 2,
      stroke: 'blue',
      fill: 'white',
      percent: this.#percent,
    });
    // Not by `parent`: its canvas is made when it is appended, by a handler that does not exist before.
    this.#screen.append(this.#widget);
    this.#drawIfChanged(this.#widget);
  }

  /** 0…1. */
  show(share: number): void {
    const percent = Math.floor(share * 100);
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#widget?.setPercent(percent);
    this.#drawnOn = [];
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
