/**
 * The picture that stands on the terminal as sixels: over blank cells, of which the screen's library knows nothing. It is there as long as
 * nothing is written over it, and goes with everything else when the screen is cleared. UI thread.
 */

import type { Picture } from '../state/picture.ts';
import type { Extent } from '../state/viewer.ts';
import { type CellSize, sixelOf, sixelPlace } from './rows/sixel.ts';

export type SixelScene = {
  readonly picture: Picture;
  readonly extent: Extent;
  /** The first row of its room. */
  readonly top: number;
};

export class Sixels {
  readonly #write: (text: string) => void;
  #cell: CellSize | undefined;
  #shown: SixelScene | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** The terminal has them, and cells of this size; what is shown is as it was. */
  use(cell: CellSize): void {
    this.#cell = cell;
  }

  get areUsed(): boolean {
    return this.#cell !== undefined;
  }

  /** Whether the screen has to be cleared before this is what it shows. */
  mustClear(next: SixelScene | undefined): boolean {
    return this.#shown !== undefined && !isSame(this.#shown, next);
  }

  /** After all else was drawn. */
  show(next: SixelScene | undefined): void {
    const isThere = isSame(this.#shown, next);
    this.#shown = next;
    if (next === undefined || this.#cell === undefined || isThere) return;
    const { left, top, pixels } = sixelPlace(next.picture, next.extent, this.#cell);
    const at = `\x1b[${next.top + top + 1};${left + 1}H`;
    // The cursor goes back to where the screen's library believes it to be.
    this.#write(`\x1b7${at}${sixelOf(next.picture, pixels)}\x1b8`);
  }

  /** The terminal may have lost it. */
  again(): void {
    this.#shown = undefined;
  }
}

function isSame(one: SixelScene | undefined, other: SixelScene | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.picture === other.picture &&
    one.top === other.top &&
    one.extent.width === other.extent.width &&
    one.extent.height === other.extent.height
  );
}
