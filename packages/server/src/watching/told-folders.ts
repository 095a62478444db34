/**
 * Folders that somebody looks at and that no system says anything of: what is known of them is what ferry itself changes there. Whoever
 * looks at one is told to list it again. Of the watching thread, for object storage; how often is a matter of the store's costs.
 */

import type { FolderNews } from '@ferry/protocol';

/** A folder is told of at once, again after this long, milliseconds… */
const gapMs = 100;
/** …and so many times in a row; then one more with each of these, milliseconds, that has passed. */
const inARow = 6;
const oneMoreMs = 1000;

type Told = {
  /** How many times it may be told of, at `atMs`; grows with time. */
  left: number;
  atMs: number;
  timer: NodeJS.Timeout | undefined;
};

export class ToldFolders {
  readonly #onNews: (key: string, news: FolderNews) => void;
  readonly #now: () => number;
  readonly #keys = new Map<string, Told>();

  /** @param now milliseconds of any clock that goes evenly */
  constructor(onNews: (key: string, news: FolderNews) => void, now: () => number = () => performance.now()) {
    this.#onNews = onNews;
    this.#now = now;
  }

  watch(key: string): void {
    if (!this.#keys.has(key)) this.#keys.set(key, { left: inARow, atMs: -Infinity, timer: undefined });
  }

  leave(key: string): void {
    clearTimeout(this.#keys.get(key)?.timer);
    this.#keys.delete(key);
  }

  /** Something in it was changed; undefined: it could be any. */
  hint(key: string | undefined): void {
    for (const one of key === undefined ? [...this.#keys.keys()] : [key]) {
      const told = this.#keys.get(one);
      // What is waiting to be told says this as well.
      if (told === undefined || told.timer !== undefined) continue;
      const nowMs = this.#now();
      const left = Math.min(inARow, told.left + (nowMs - told.atMs) / oneMoreMs);
      const waitMs = Math.max(told.atMs + gapMs - nowMs, (1 - left) * oneMoreMs);
      if (waitMs <= 0) this.#tell(one, told);
      else told.timer = setTimeout(() => this.#tell(one, told), waitMs).unref();
    }
  }

  #tell(key: string, told: Told): void {
    const nowMs = this.#now();
    told.left = Math.min(inARow, told.left + (nowMs - told.atMs) / oneMoreMs) - 1;
    told.atMs = nowMs;
    told.timer = undefined;
    this.#onNews(key, { kind: 'again' });
  }
}
