/**
 * Folders that somebody looks at and that no system says anything of: what is known of them is what ferry itself changes there. Whoever
 * looks at one is told to list it again. Of the watching thread, for object storage; how often is a matter of the store's costs.
 */

import type { FolderNews } from '@ferry/protocol';

/** What changes together is told together… */
const gatherMs = 150;
/** …and folders are listed again at most so often, milliseconds. */
const restMs = 1000;

export class ToldFolders {
  readonly #onNews: (key: string, news: FolderNews) => void;
  readonly #keys = new Set<string>();
  readonly #touched = new Set<string>();
  #isWaiting = false;
  #toldMs = 0;

  constructor(onNews: (key: string, news: FolderNews) => void) {
    this.#onNews = onNews;
  }

  watch(key: string): void {
    this.#keys.add(key);
  }

  leave(key: string): void {
    this.#keys.delete(key);
    this.#touched.delete(key);
  }

  /** Something in it was changed; undefined: it could be any. */
  hint(key: string | undefined): void {
    for (const one of key === undefined ? this.#keys : [key]) if (this.#keys.has(one)) this.#touched.add(one);
    if (this.#isWaiting || this.#touched.size === 0) return;
    this.#isWaiting = true;
    const ms = Math.max(gatherMs, this.#toldMs + restMs - performance.now());
    setTimeout(() => this.#tell(), ms).unref();
  }

  #tell(): void {
    this.#isWaiting = false;
    this.#toldMs = performance.now();
    const keys = [...this.#touched];
    this.#touched.clear();
    for (const key of keys) this.#onNews(key, { kind: 'again' });
  }
}
