/**
 * Folders that somebody looks at and that no system says anything of: what is known of them is what ferry itself changes there. Whoever
 * looks at one is told to list it again. Of the watching thread, for object storage; how often is a matter of the store's costs.
 */

import type { FolderNews } from '@ferry/protocol';

/** A folder is told of at once, and then at most so often, milliseconds. */
const restMs = 1000;

export class ToldFolders {
  readonly #onNews: (key: string, news: FolderNews) => void;
  readonly #keys = new Set<string>();
  /** Told of a moment ago; true: there is more to tell by now. */
  readonly #resting = new Map<string, boolean>();

  constructor(onNews: (key: string, news: FolderNews) => void) {
    this.#onNews = onNews;
  }

  watch(key: string): void {
    this.#keys.add(key);
  }

  leave(key: string): void {
    this.#keys.delete(key);
  }

  /** Something in it was changed; undefined: it could be any. */
  hint(key: string | undefined): void {
    for (const one of key === undefined ? [...this.#keys] : [key]) {
      if (!this.#keys.has(one)) continue;
      if (this.#resting.has(one)) this.#resting.set(one, true);
      else this.#tell(one);
    }
  }

  #tell(key: string): void {
    this.#resting.set(key, false);
    setTimeout(() => {
      const isMore = this.#resting.get(key) === true && this.#keys.has(key);
      this.#resting.delete(key);
      if (isMore) this.#tell(key);
    }, restMs).unref();
    this.#onNews(key, { kind: 'again' });
  }
}
