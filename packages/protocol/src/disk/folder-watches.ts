/**
 * All folders that a thread watches, by a key of the caller's, each once. Looks after what concerns them together: whether they are
 * still where they were, and whether the system may have lost signs. A server's watching thread, and the browser's I/O thread.
 */

import { readFileSync } from 'node:fs';
import { Code, FerryError } from '../errors.ts';
import type { FolderNews } from '../folder-news.ts';
import { type BeginSigns, FolderWatch, type WatchedPlace } from './folder-watch.ts';
import { lookMs, pollMs } from './watch-timing.ts';

export type FolderWatchesOpts = {
  readonly onNews: (key: string, news: FolderNews) => void;
  /** Folders at a time. */
  readonly most: number;
  /** Reads them all now and then, whatever the system could say. Default false. */
  readonly polls?: boolean;
  /** As FolderWatchOpts has it. */
  readonly begin?: BeginSigns;
};

/** Folders that are looked at in one go; of more, each has its turn less often. */
const looksAtOnce = 500;

export class FolderWatches {
  readonly #opts: FolderWatchesOpts;
  readonly #watches = new Map<string, FolderWatch>();
  /** Signs that the kernel keeps for this thread before it loses some. */
  readonly #queueSigns = signsKept();
  #signs = 0;
  #looker: NodeJS.Timeout | undefined;
  #lookedAt: readonly FolderWatch[] = [];

  constructor(opts: FolderWatchesOpts) {
    this.#opts = opts;
  }

  /** Folders that are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /**
   * Watches a folder until it is over or left. Resolves when every later change will be told, with how often it is read to
   * find out, 0 where the system says so. Of one that is watched already nothing is begun. @throws {FerryError} as `place.open`; LIMIT
   */
  async watch(key: string, place: WatchedPlace): Promise<{ readonly pollMs: number }> {
    const watch = this.#watches.get(key) ?? this.#begin(key, place);
    await watch.settled();
    return { pollMs: watch.polls ? pollMs : 0 };
  }

  leave(key: string): void {
    this.#watches.get(key)?.close();
    this.#forget(key);
  }

  /** Somebody has changed something in the folder; undefined: in any of them. */
  hint(key: string | undefined): void {
    if (key !== undefined) this.#watches.get(key)?.hint();
    else for (const watch of this.#watches.values()) watch.hint();
  }

  close(): void {
    for (const key of [...this.#watches.keys()]) this.leave(key);
  }

  #begin(key: string, place: WatchedPlace): FolderWatch {
    if (this.#watches.size >= this.#opts.most) {
      throw new FerryError(Code.LIMIT, `at most ${this.#opts.most} folders are watched at a time`);
    }
    const watch = new FolderWatch({
      place,
      polls: this.#opts.polls ?? false,
      begin: this.#opts.begin,
      onSign: () => this.#countSign(),
      onNews: (news) => {
        if (news.kind === 'over') this.#forget(key);
        this.#opts.onNews(key, news);
      },
    });
    this.#watches.set(key, watch);
    this.#looker ??= setInterval(() => this.#look(), lookMs).unref();
    return watch;
  }

  #forget(key: string): void {
    this.#watches.delete(key);
    if (this.#watches.size > 0) return;
    clearInterval(this.#looker);
    this.#looker = undefined;
  }

  #look(): void {
    if (this.#lookedAt.length === 0) this.#lookedAt = [...this.#watches.values()];
    for (const watch of this.#lookedAt.slice(0, looksAtOnce)) watch.look();
    this.#lookedAt = this.#lookedAt.slice(looksAtOnce);
  }

  /** Node does not say that the kernel's queue ran over; but it can only have done so when it was full of signs that come now. */
  #countSign(): void {
    this.#signs += 1;
    if (this.#signs === 1) {
      setImmediate(() => {
        const signs = this.#signs;
        this.#signs = 0;
        if (signs >= this.#queueSigns) for (const watch of this.#watches.values()) watch.missed();
      }).unref();
    }
  }
}

function signsKept(): number {
  try {
    const kept = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'));
    // Some signs are for nobody any more by the time they come.
    return Number.isInteger(kept) && kept > 0 ? Math.ceil(kept / 2) : 8192;
  } catch {
    return 8192;
  }
}
