/**
 * What was known of objects when they were looked at last. A listing says whether an object is still that one; what it does not say is
 * its metadata, and a request for each row would be needed. One of each worker thread.
 */

import type { Head } from './metadata.ts';
import type { ListedObject } from './object-store.ts';

/** About 300 bytes each. */
const mostHeads = 50_000;

export class Heads {
  /** The one kept longest ago first. */
  readonly #heads = new Map<string, Head>();

  /** Undefined: not known, or it is another one by now. */
  of({ key, etag, size, storedS }: ListedObject): Head | undefined {
    const head = this.#heads.get(key);
    return head !== undefined && head.etag === etag && head.size === size && head.storedS === storedS
      ? head
      : undefined;
  }

  keep(key: string, head: Head): void {
    this.#heads.delete(key);
    this.#heads.set(key, head);
    if (this.#heads.size <= mostHeads) return;
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined) this.#heads.delete(oldest);
  }

  /** Within one second a store cannot tell two versions of one content. */
  forget(key: string): void {
    this.#heads.delete(key);
  }
}
