/** Folders that one thread has changed something in, gathered and told over the bus to the thread that watches. Worker threads. */

import type { Path } from '@ferry/protocol';
import type { Bus } from '../bus/bus.ts';
import { encodeTouched, folderKey, touchedSubject } from './folder-subject.ts';

/** After the first are told of, others are gathered for so long, milliseconds. */
const gatherMs = 50;
/** Of more, it could be any. */
const mostFolders = 1000;

export class Touched {
  readonly #bus: Bus;
  readonly #keys = new Set<string>();
  #isAny = false;
  #isWaiting = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** @param folder from the shared one */
  add(folder: Path): void {
    if (this.#keys.size < mostFolders) this.#keys.add(folderKey(folder));
    else this.#isAny = true;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    setTimeout(() => {
      if (this.#isAny || this.#keys.size > 0) this.#tell();
      else this.#isWaiting = false;
    }, gatherMs).unref();
    let rest: readonly string[] = this.#isAny ? [] : [...this.#keys];
    this.#keys.clear();
    this.#isAny = false;
    do {
      const { body, rest: more } = encodeTouched(rest);
      this.#bus.publish(touchedSubject, body);
      rest = more;
    } while (rest.length > 0);
  }
}
