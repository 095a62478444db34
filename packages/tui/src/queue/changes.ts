/** What is different in the queue since somebody last asked. Held by queue-store.ts; I/O thread and commands. */

import type { JobId } from '../engine/job.ts';

export type Changes = {
  readonly changed: ReadonlySet<JobId>;
  readonly removed: ReadonlySet<JobId>;
  readonly settings: boolean;
};

export class News {
  #changed = new Set<JobId>();
  #removed = new Set<JobId>();
  #settings = false;

  jobChanged(id: JobId): void {
    this.#changed.add(id);
  }

  jobRemoved(id: JobId): void {
    this.#changed.delete(id);
    this.#removed.add(id);
  }

  settingsChanged(): void {
    this.#settings = true;
  }

  /** All since the last call. */
  take(): Changes {
    const changes = { changed: this.#changed, removed: this.#removed, settings: this.#settings };
    this.#changed = new Set();
    this.#removed = new Set();
    this.#settings = false;
    return changes;
  }
}
