/** Which images the terminal has of us: sent when they are shown first, forgotten when they are not shown any more. UI thread. */

import type { Picture } from '../state/picture.ts';
import { forgetSequence, type Image, imageSequence } from './rows/image-rows.ts';

export class Images {
  readonly #write: (text: string) => void;
  readonly #sent = new Map<Picture, Image>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Exactly these are on the screen now. */
  show(shown: ReadonlyMap<Picture, Image>): void {
    for (const [picture, image] of this.#sent) {
      if (shown.get(picture) === image) continue;
      this.#write(forgetSequence(image));
      this.#sent.delete(picture);
    }
    for (const [picture, image] of shown) {
      if (this.#sent.has(picture)) continue;
      this.#sent.set(picture, image);
      this.#write(imageSequence(image, picture));
    }
  }

  /** The terminal may have lost them. */
  again(): void {
    this.#sent.clear();
  }
}
