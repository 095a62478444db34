/** The gauge of all jobs, blessed-contrib's. Loaded late. UI thread. */

import type { Widgets } from 'blessed';
import gauge from 'blessed-contrib/lib/widget/gauge.js';
import type { Rect } from '../state/layout.ts';

export class Gauge {
  readonly #screen: Widgets.Screen;
  #widget: (Widgets.BoxElement & { setPercent: (percent: number) => void }) | undefined;
  #percent = 0;
  #frame: Rect | undefined;

  constructor(screen: Widgets.Screen) {
    this.#screen = screen;
  }

  /** Inside of the frame; undefined: nowhere. Its canvas has the size that it was made with, so it is made anew. */
  place(frame: Rect | undefined): void {
    if (this.#widget !== undefined && frame !== undefined && isSame(this.#frame, frame)) return;
    this.#frame = frame;
    this.#widget?.destroy();
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
  }

  /** 0…1. */
  show(share: number): void {
    this.#percent = Math.floor(share * 100);
    this.#widget?.setPercent(this.#percent);
  }
}

function isSame(a: Rect | undefined, b: Rect): boolean {
  return a?.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}
