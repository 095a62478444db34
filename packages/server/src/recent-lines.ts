/** The last lines of the log, for whoever looks at the server's screen. Bounded; main thread. */

import type { Shown } from '@ferry/protocol';

export type RecentLine = {
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly text: Shown;
};

const mostLines = 200;

export class RecentLines {
  readonly #lines: RecentLine[] = [];
  readonly #listeners = new Set<(line: RecentLine) => void>();

  add(line: RecentLine): void {
    this.#lines.push(line);
    if (this.#lines.length > mostLines) this.#lines.shift();
    for (const listener of this.#listeners) listener(line);
  }

  get all(): readonly RecentLine[] {
    return this.#lines;
  }

  /** Gives back a function that ends it. */
  listen(listener: (line: RecentLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
